/*
 * What the parts of postinvite-tokend share. One thread, one event loop; everything is a
 * callback of it.
 */
#ifndef POSTINVITE_TOKEND_TOKEND_H
#define POSTINVITE_TOKEND_TOKEND_H

#include "authority.h"

#include "base/daemon.h"
#include "base/ipc_client.h"
#include "base/ipc_server.h"
#include "base/json.h"
#include "base/metrics.h"
#include "token/http.h"
#include "token/vault.h"

#include <stdbool.h>
#include <sys/queue.h>

/* Kinds of vault records. */
#define KIND_FLOW    "flow"    /* a device flow under way; id: the invitation's */
#define KIND_TOKEN   "token"   /* what was acquired; id: the invitation's */
#define KIND_SIGN_IN "sign_in" /* a browser that was sent to Microsoft; id: its state */
#define KIND_SEEN    "seen"    /* the store's last event that was acted upon; id: "store" */

struct access;
struct flow;
struct monitor;
struct notices;
struct refresh;
struct request;
struct reseal;
struct resume;
struct store_event;
struct webhooks;
LIST_HEAD(access_list, access);
LIST_HEAD(flow_list, flow);
LIST_HEAD(refresh_list, refresh);
TAILQ_HEAD(request_list, request);
TAILQ_HEAD(store_event_list, store_event);

struct tokend {
	struct daemon *daemon;
	/* in force; swapped by a reload between two callbacks */
	const struct daemon_generation *generation;
	struct event_base *base;
	char *listen, *store_listen;
	struct http *http;
	struct authority *authority;
	struct vault *vault;
	struct ipc_async *store;
	struct metrics *metrics;
	struct monitor *monitor;
	struct ipc_server *server;
	struct event *drain;	    /* while stopping */
	struct event *sweep;	    /* now and then: what is over leaves the vault */
	struct event *checkpoint;   /* of the vault, every two seconds */
	uint64_t drain_until;	    /* clock_monotonic_ms */
	void *flows;		    /* tsearch(3) tree of struct flow, by id */
	struct flow_list flow_list; /* the same ones */
	size_t flows_n;
	struct resume *resume; /* what the vault holds, by time */
	struct reseal *reseal;
	void *refreshes; /* tree of struct refresh, by id */
	struct refresh_list refresh_list;
	size_t refreshes_n, refreshing_n; /* all; those that do not rest */
	/* store or vault failed: nothing that is due is begun until then, clock_monotonic_ms */
	uint64_t refresh_pause;
	void *access; /* tree of struct access, by id */
	struct access_list access_list;
	struct request_list requests;
	struct store_event_list events; /* on their way to the store */
	int64_t sequence;		/* of the store's last event that was dealt with */
	int64_t sequence_kept;		/* the same, in the vault */
	struct webhooks *webhooks;
	struct notices *notices;
	bool stopping; /* nothing new is sent to Microsoft */
};

uint32_t random_number(void); /* any, for jitter */

#endif
