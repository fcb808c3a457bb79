/*
 * What the store counts and finds of itself. Files and disk are looked at when somebody asks,
 * not before.
 */
#include "store.h"

#include "base/clock.h"
#include "base/health.h"
#include "base/metrics.h"
#include "store/report.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define OPS_MAX	 64
#define FAULT_MS 60000 /* nobody may ask again to show that it has passed */

struct monitor {
	struct engine *engine;
	const char *directory;
	const char *key_path;
	const struct keyfile *keys;
	const char *ops[OPS_MAX + 2]; /* the last one is for what is no request */
	struct metrics *metrics;
	char instance[REPORT_INSTANCE_SIZE];
	uint64_t committed_ms; /* 0: nothing yet */
	struct error fault;    /* why a change was put off; ERROR_NONE: none */
	uint64_t fault_until;  /* it is believed until then; 0: until a sync works */
};

static int64_t files_size(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int64_t size = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		struct stat st;

		if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode))
			size += st.st_blocks * 512;
	}
	if (directory != NULL)
		closedir(directory);
	return size;
}

static void look_at_disk(struct monitor *monitor, struct json_object *findings)
{
	const struct metric_at at = {0};
	struct statvfs disk;

	metrics_set(monitor->metrics, METRIC_STORE_SEQUENCE, at,
		(int64_t)engine_sequence(monitor->engine));
	metrics_set(
		monitor->metrics, METRIC_STORE_STATE_BYTES, at, files_size(monitor->directory));
	if (statvfs(monitor->directory, &disk) != 0)
		return;
	metrics_set(monitor->metrics, METRIC_STORE_DISK_FREE_BYTES, at,
		(int64_t)(disk.f_bavail * disk.f_frsize));
	health_disk(findings, monitor->directory, disk.f_bavail * disk.f_frsize,
		disk.f_blocks * disk.f_frsize);
}

static void judge(struct monitor *monitor, struct json_object *findings)
{
	const struct health_key_file file = {.part = HEALTH_LINK_KEY,
		.path = monitor->key_path,
		.flag = "link",
		.changed = keyfile_changed(monitor->keys),
		.keys = keyfile_count(monitor->keys)};
	struct error error;

	if (monitor->fault_until != 0 && clock_monotonic_ms() > monitor->fault_until)
		monitor->fault.kind = ERROR_NONE;
	if (engine_check_table(monitor->engine, &error) != 0)
		health_put(findings, HEALTH_STORE, HEALTH_FAIL,
			"%.400s; until then Welcome mail is put off", error.text);
	else if (monitor->fault.kind != ERROR_NONE)
		health_put(findings, HEALTH_STORE, HEALTH_FAIL,
			"changes cannot be made durable (%.300s): mend that or make room on the "
			"disk of %.100s; it goes on by itself",
			monitor->fault.text, monitor->directory);
	else if (monitor->committed_ms == 0)
		health_put(findings, HEALTH_STORE, HEALTH_OK,
			"answers; nothing has changed since it was started");
	else
		health_put(findings, HEALTH_STORE, HEALTH_OK,
			"answers; the last change was made durable %llu s ago",
			(unsigned long long)(clock_monotonic_ms() - monitor->committed_ms) /
				1000);
	look_at_disk(monitor, findings);
	health_key_file(findings, &file, time(NULL));
}

static struct json_object *on_report(void *context)
{
	struct monitor *monitor = context;
	struct report report = {.program = "store",
		.instance = monitor->instance,
		.metrics = monitor->metrics,
		.health = json_object_new_array()};
	struct json_object *request;

	if (report.health != NULL)
		judge(monitor, report.health);
	request = report_request(&report);
	json_object_put(report.health);
	return request;
}

struct monitor *monitor_new(struct engine *engine, const char *directory)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	size_t n = 0;

	if (monitor == NULL)
		return NULL;
	monitor->engine = engine;
	monitor->directory = directory;
	for (; n < OPS_MAX && engine_op_name(n) != NULL; n++)
		monitor->ops[n] = engine_op_name(n);
	monitor->ops[n] = "other";
	report_instance(monitor->instance);
	monitor->metrics = metrics_new("store", monitor->ops);
	if (monitor->metrics == NULL)
		monitor_free(&monitor);
	else
		engine_report_own(engine, on_report, monitor);
	return monitor;
}

void monitor_configure(
	struct monitor *monitor, const char *key_path, const struct keyfile *keys)
{
	monitor->key_path = key_path;
	monitor->keys = keys;
}

void monitor_free(struct monitor **monitor)
{
	if (*monitor == NULL)
		return;
	engine_report_own((*monitor)->engine, NULL, NULL);
	metrics_free(&(*monitor)->metrics);
	free(*monitor);
	*monitor = NULL;
}

unsigned monitor_op(const struct monitor *monitor, const char *name)
{
	return metrics_place(monitor->ops, name);
}

static bool is_ours(const struct error *error)
{
	return error->kind == ERROR_TEMPORARY || error->kind == ERROR_CONFIGURATION;
}

void monitor_request(struct monitor *monitor, unsigned op, const struct error *error)
{
	metrics_count(monitor->metrics, METRIC_STORE_REQUESTS, op,
		error == NULL	 ? COUNT_REQUEST_OK
		: is_ours(error) ? COUNT_REQUEST_FAILED
				 : COUNT_REQUEST_REFUSED);
}

void monitor_change_failed(struct monitor *monitor, const struct error *error)
{
	if (!is_ours(error))
		return;
	monitor->fault = *error;
	monitor->fault_until = clock_monotonic_ms() + FAULT_MS;
}

void monitor_sync(struct monitor *monitor, const struct error *error)
{
	if (error != NULL) {
		monitor->fault = *error;
		monitor->fault_until = 0;
	} else if (monitor->fault_until == 0) {
		monitor->fault.kind = ERROR_NONE;
	}
}

void monitor_commit(struct monitor *monitor, uint64_t us)
{
	monitor->fault.kind = ERROR_NONE;
	monitor->committed_ms = clock_monotonic_ms();
	metrics_observe(
		monitor->metrics, METRIC_STORE_COMMIT_SECONDS, (struct metric_at){0}, us);
}
