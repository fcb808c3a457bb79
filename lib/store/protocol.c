/*
 * Change ids and requests. A change id is 48 bits of milliseconds and random bits, as RFC 9562
 * section 5.7 lays it out; a derived one has the time of the thing and a SHA-256 of its name in
 * place of the random bits, so that everybody who sees the thing makes the same id.
 */
#include "store/protocol.h"

#include "base/clock.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#define BYTES (CHANGE_ID_LEN / 2)

/* Sets time, version and variant over 16 bytes of anything, and writes them as text. */
static void finish(unsigned char bytes[BYTES], uint64_t ms, char *id_r)
{
	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
	bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0f));
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	for (int i = 0; i < BYTES; i++) {
		id_r[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		id_r[2 * i + 1] = "0123456789abcdef"[bytes[i] & 0x0f];
	}
	id_r[CHANGE_ID_LEN] = '\0';
}

void change_id_new(char id_r[CHANGE_ID_LEN + 1])
{
	unsigned char bytes[BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		/* Without randomness the clock's finest digits and the stack's address tell
		 * callers apart. */
		struct timespec now;
		uintptr_t here = (uintptr_t)bytes;

		clock_gettime(CLOCK_MONOTONIC, &now);
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + 8, &now.tv_nsec, sizeof(uint32_t));
		memcpy(bytes + 12, &here, sizeof(uint32_t));
	}
	finish(bytes, clock_real_ms(), id_r);
}

void change_id_derived(const char *name, time_t when, char id_r[CHANGE_ID_LEN + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)name, strlen(name), digest);
	finish(digest, when > 0 ? (uint64_t)when * 1000 : 0, id_r);
}

struct json_object *store_request(const char *op)
{
	struct json_object *request = json_object_new_object();

	if (request != NULL && json_set_string(request, "op", op) == 0)
		return request;
	json_object_put(request);
	return NULL;
}

struct json_object *store_change_request(const char *op)
{
	struct json_object *request = store_request(op);
	char change[CHANGE_ID_LEN + 1];

	change_id_new(change);
	if (request != NULL && json_set_string(request, "change", change) == 0)
		return request;
	json_object_put(request);
	return NULL;
}

struct json_object *store_request_apply(
	const char *member, const char *name, struct json_object *event)
{
	struct json_object *request = store_change_request("apply");

	if (event != NULL && request != NULL && json_set_string(request, member, name) == 0 &&
		json_object_object_add(request, "event", event) == 0)
		return request;
	json_object_put(event);
	json_object_put(request);
	return NULL;
}
