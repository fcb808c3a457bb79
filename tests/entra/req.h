/*
 * One HTTP request and its answer. Handlers run with sim.lock held, fill the
 * answer and return; http.c sends it, after what a fault may have done to it.
 */
#ifndef ENTRA_REQ_H
#define ENTRA_REQ_H

#include "sim.h"

struct arg {
	char *name, *value;
};

struct args {
	struct arg *v;
	size_t n;
};

enum ending { END_WHOLE, END_TRUNCATED, END_DROPPED };

struct req {
	struct MHD_Connection *conn;
	const struct route *route;
	char *method, *path;
	char *tenant_name; /* first segment of the path where the route has one */
	struct args args;  /* query, then form */
	struct buf body;
	struct json_object *json; /* body of a control request */
	char *bearer, *user_agent;
	unsigned long connection;
	int64_t arrived;

	int status;
	char *content_type;
	struct args headers;
	struct buf out;
	const char *error; /* for the log */
	int error_code;
	struct json_object *fault; /* modifiers the handler may look at; NULL: none */
	enum ending ending;
	size_t padding, cut_at;
	long delay_ms;
	bool handled;
};

struct route {
	const char *method, *pattern; /* a "*" segment is the tenant */
	const char *endpoint;	      /* its name for faults and the log */
	void (*handle)(struct req *req);
};

void args_add(struct args *args, const char *name, const char *value);
void args_parse(struct args *args, const char *form);
void args_free(struct args *args);
const char *arg(const struct req *req, const char *name); /* NULL: absent or empty */

/* answer.c */
void answer_json(struct req *req, int status, struct json_object *json); /* takes json */
void answer_text(struct req *req, int status, const char *type, const char *text);
void answer_redirect(struct req *req, const char *url);
void answer_empty(struct req *req);
char *json_text(struct json_object *json); /* takes json */
void json_add(struct json_object *json, const char *name, const char *value);
void json_add_int(struct json_object *json, const char *name, int64_t value);
void json_add_bool(struct json_object *json, const char *name, bool value);
const char *json_str(struct json_object *json, const char *name); /* NULL: absent or null */
bool json_flag(struct json_object *json, const char *name);
struct json_object *json_member(struct json_object *json, const char *name);

/* errors.c: what Entra calls AADSTSnnnnn. */
enum oauth_error {
	ERR_TENANT,
	ERR_APP,
	ERR_SECRET,
	ERR_SPA,
	ERR_MISSING,
	ERR_REPEATED,
	ERR_GRANT_TYPE,
	ERR_METHOD,
	ERR_PENDING,
	ERR_DECLINED,
	ERR_EXPIRED,
	ERR_BAD_CODE,
	ERR_SLOW_DOWN,
	ERR_REDEEMED,
	ERR_CODE_EXPIRED,
	ERR_CODE_UNKNOWN,
	ERR_CODE_CLIENT,
	ERR_PKCE,
	ERR_REDIRECT_URI,
	ERR_REFRESH_UNKNOWN,
	ERR_REFRESH_INACTIVE,
	ERR_CONSENT,
	ERR_NO_CONSENT,
	ERR_DISABLED,
	ERR_RESPONSE_TYPE,
	ERR_LOGIN_REQUIRED,
	ERR_CANCELLED,
	ERR_NEED_ADMIN,
	ERR_CHALLENGE,
	ERR_FOREIGN_USER,
	ERR_FLOW_BLOCKED,
};

void oauth_fail(struct req *req, enum oauth_error error, const char *detail);
void oauth_fail_code(
	struct req *req, int code, const char *suberror); /* invalid_grant, any code */
void oauth_fail_raw(struct req *req, int status, const char *error, const char *suberror,
	const char *description, struct json_object *codes);
const char *oauth_error_name(enum oauth_error error);
int oauth_error_code(enum oauth_error error);
char *oauth_description(enum oauth_error error, const char *detail);

/* fault.c */
void fault_add(struct json_object *spec); /* takes a reference of its own */
void fault_clear(void);
struct json_object *fault_take(const char *endpoint, const char *grant, const char *tenant);
void fault_choose(struct req *req);  /* at the start of a request */
bool fault_answers(struct req *req); /* true: the handler is not to run */
void fault_shape(struct req *req);   /* after the handler */

/* log.c */
void log_request(const struct req *req);
void log_dns(const char *name, const char *result);
struct json_object *log_list(int64_t since, const char *endpoint);
void log_clear(void);

/* routes.c */
const struct route *route_find(const char *method, const char *path, char **tenant_name);

#endif
