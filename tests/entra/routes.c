#include "handlers.h"
#include "req.h"

#include <stdlib.h>
#include <string.h>

static const struct route routes[] = {
	{"POST", "/*/oauth2/v2.0/token", "token", handle_token},
	{"GET", "/*/oauth2/v2.0/token", "token", handle_wrong_method},
	{"POST", "/*/oauth2/v2.0/devicecode", "devicecode", handle_devicecode},
	{"GET", "/*/oauth2/v2.0/devicecode", "devicecode", handle_wrong_method},
	{"GET", "/*/v2.0/.well-known/openid-configuration", "openid", handle_openid},
	{"GET", "/*/discovery/v2.0/keys", "jwks", handle_jwks},
	{"GET", "/*/oauth2/v2.0/authorize", "authorize", handle_authorize},
	{"GET", "/*/v2.0/adminconsent", "adminconsent", handle_adminconsent},
	{"GET", "/*/oauth2/v2.0/logout", "logout", handle_logout},
	{"GET", "/device", "device", handle_device},
	{"POST", "/device", "device", handle_device},
	{"POST", "/device/confirm", "device", handle_device_confirm},
	{"POST", "/common/login", "login", handle_login},
	{"POST", "/common/Consent/Set", "consent", handle_consent_set},
	{"POST", "/common/requestApproval", "consent", handle_request_approval},
	{"POST", "/common/finish", "consent", handle_finish},
	{"GET", "/consent-requests", "review", handle_review},
	{"POST", "/consent-requests", "review", handle_review_decision},
	{"GET", "/v1.0/me", "me", handle_me},
	{"GET", "/v1.0/organization", "organization", handle_organization},
	{"POST", "/_sim/fault", "control", control_fault},
	{"DELETE", "/_sim/fault", "control", control_fault_clear},
	{"GET", "/_sim/log", "control", control_log},
	{"DELETE", "/_sim/log", "control", control_log_clear},
	{"POST", "/_sim/rotate_keys", "control", control_rotate_keys},
	{"POST", "/_sim/revoke", "control", control_revoke},
	{"POST", "/_sim/consent", "control", control_consent},
	{"POST", "/_sim/user", "control", control_user},
	{"POST", "/_sim/tenant", "control", control_tenant},
	{"POST", "/_sim/app", "control", control_app},
	{"POST", "/_sim/config", "control", control_config},
	{"POST", "/_sim/flow", "control", control_flow},
	{"GET", "/_sim/secrets", "control", control_secrets},
	{"GET", "/_sim/pace", "control", control_pace},
	{"DELETE", "/_sim/pace", "control", control_pace_clear},
	{"GET", "/_sim/state", "control", control_state},
	{"POST", "/_sim/sign_in", "control", control_sign_in},
	{"POST", "/_sim/request_approval", "control", control_request_approval},
	{"POST", "/_sim/decide", "control", control_decide},
	{"POST", "/_sim/mail", "control", control_mail},
};

/* A segment "*" stands for the tenant. */
static bool fits(const char *pattern, const char *path, const char **tenant, size_t *tenant_len)
{
	*tenant = NULL;
	if (strncmp(pattern, "/*/", 3))
		return !strcmp(pattern, path);
	*tenant = path + 1;
	*tenant_len = strcspn(path + (*path == '/'), "/");
	return *path == '/' && *tenant_len && !strcmp(pattern + 2, path + 1 + *tenant_len);
}

const struct route *route_find(const char *method, const char *path, char **tenant_name)
{
	const char *tenant;
	size_t len = 0;

	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (strcmp(routes[i].method, method) ||
			!fits(routes[i].pattern, path, &tenant, &len))
			continue;
		if (tenant)
			*tenant_name = strndup(tenant, len);
		return &routes[i];
	}
	return NULL;
}
