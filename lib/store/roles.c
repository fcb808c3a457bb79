/*
 * The table of requests: which role may ask for what. Which event types a role may send is said
 * by the events themselves (event_senders).
 */
#include "store/engine_internal.h"

#include "invite/event.h"

#include <string.h>

#define OWNER  (1u << STORE_ROLE_OWNER)
#define MILTER (1u << STORE_ROLE_MILTER)
#define WIZARD (1u << STORE_ROLE_WIZARD)
#define TOKEND (1u << STORE_ROLE_TOKEND)
#define POLICY (1u << STORE_ROLE_POLICY)
#define ADMIN  (1u << STORE_ROLE_ADMIN)
#define ALL    (OWNER | MILTER | WIZARD | TOKEND | POLICY | ADMIN)

static const struct op ops[] = {
	{"get", ALL & ~POLICY, .read = op_get},
	{"get_many", OWNER | ADMIN, .read = op_get_many},
	{"genuine", OWNER | MILTER, .read = op_genuine},
	{"invitations", OWNER | ADMIN, .read = op_invitations},
	{"apply", ALL & ~POLICY, .change = op_apply, .answer = answer_applied},
	{"open", OWNER | MILTER | ADMIN, .change = op_open, .answer = answer_opened},
	{"find", OWNER | TOKEND | ADMIN, .read = op_find},
	{"candidates", OWNER | MILTER, .read = op_candidates},
	{"pacing", OWNER | POLICY, .read = op_pacing},
	{"status", OWNER | POLICY, .read = op_status},
	{"watch", OWNER | WIZARD | TOKEND | ADMIN, .read = op_watch},
	{"list", OWNER | TOKEND | ADMIN, .read = op_list},
	{"history", OWNER | TOKEND | ADMIN, .read = op_history},
	{"subscribe", OWNER | TOKEND | ADMIN, .read = op_subscribe},
	{"remove", OWNER | ADMIN, .change = op_remove, .answer = answer_as_kept},
	{"table_begin", OWNER, .read = op_table_begin},
	{"table_rows", OWNER, .read = op_table_rows},
	{"table_seal", OWNER, .read = op_table_seal},
	{"table_end", OWNER, .change = op_table_end, .answer = answer_as_kept},
	{"table_add", OWNER, .change = op_table_add, .answer = answer_as_kept},
	{"report", ALL, .read = op_report},
	{"reports", OWNER | ADMIN, .read = op_reports},
	{"ping", ALL, .read = op_ping},
};

/* As event_senders names them, where each may claim to know the consent from, as people read
 * them, and whether they may say that an operator asked for it. */
static const struct {
	const char *sender;	    /* NULL: sends no event */
	const char *consent_source; /* NULL: none */
	const char *program;	    /* that it reports for; NULL: none */
	const char *name;
	bool for_operators;
} roles[] = {
	[STORE_ROLE_NONE] = {NULL, NULL, NULL, "a user that is no program's"},
	[STORE_ROLE_OWNER] = {NULL, NULL, NULL, "the owner", true},
	[STORE_ROLE_MILTER] = {"milter", "mail", "milter", "the milter"},
	[STORE_ROLE_WIZARD] = {"wizard", NULL, "wizard", "the wizard"},
	[STORE_ROLE_TOKEND] = {"tokend", "redirect", "tokend", "tokend", true},
	[STORE_ROLE_POLICY] = {NULL, NULL, "policy", "the policy service"},
	[STORE_ROLE_ADMIN] = {"operator", NULL, "admin", "the operator's pages", true},
};

const struct op *op_find_named(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

const char *engine_op_name(size_t n)
{
	return n < sizeof(ops) / sizeof(ops[0]) ? ops[n].name : NULL;
}

bool role_may(enum store_role role, const struct op *op)
{
	return (op->roles & (1u << role)) != 0;
}

bool role_names_operator(enum store_role role, struct json_object *request)
{
	return roles[role].for_operators || json_member(request, "operator") == NULL;
}

/* Nobody claims a better source than it has: a wizard that was taken over must not say that a
 * token proved it. */
static bool role_knows(enum store_role role, struct json_object *event)
{
	const char *source = json_string(event, "consent_source", NULL);
	const char *own = roles[role].consent_source;

	if (!role_names_operator(role, event))
		return false;
	return role == STORE_ROLE_OWNER || source == NULL ||
	       (own != NULL && strcmp(source, own) == 0);
}

bool role_sends(enum store_role role, struct json_object *event)
{
	const char *const *senders = event_senders(json_string(event, "type", ""));
	const char *own = roles[role].sender;

	for (; senders != NULL && *senders != NULL; senders++)
		if (role == STORE_ROLE_OWNER ? strcmp(*senders, "store") != 0
					     : own != NULL && strcmp(*senders, own) == 0)
			return role_knows(role, event);
	return false;
}

/* Where the site made no users of their own for the programs, all are the owner; the store
 * speaks for itself. */
bool role_reports(enum store_role role, const char *program)
{
	if (role == STORE_ROLE_OWNER)
		return strcmp(program, "store") != 0;
	return roles[role].program != NULL && strcmp(roles[role].program, program) == 0;
}

const char *role_name(enum store_role role)
{
	return roles[role].name;
}
