/* Every route's handler, by the file it lives in. */
#ifndef ENTRA_HANDLERS_H
#define ENTRA_HANDLERS_H

#include <stdint.h>

struct req;

/* discovery.c */
void handle_openid(struct req *req);
void handle_jwks(struct req *req);
void handle_devicecode(struct req *req);
void handle_wrong_method(struct req *req);

/* token.c */
void handle_token(struct req *req);

/* signin.c */
void handle_authorize(struct req *req);
void handle_adminconsent(struct req *req);
void handle_logout(struct req *req);
void handle_device(struct req *req);
void handle_device_confirm(struct req *req);
void handle_login(struct req *req);
void handle_consent_set(struct req *req);
void handle_request_approval(struct req *req);
void handle_finish(struct req *req);
void handle_review(struct req *req);
void handle_review_decision(struct req *req);

/* graph.c */
void handle_me(struct req *req);
void handle_organization(struct req *req);

/* pace.c */
void control_pace(struct req *req);
void control_pace_clear(struct req *req);
void pace_note(int64_t late); /* ms; a poll came that late, or that early when negative */

/* control.c */
void control_fault(struct req *req);
void control_fault_clear(struct req *req);
void control_log(struct req *req);
void control_log_clear(struct req *req);
void control_rotate_keys(struct req *req);
void control_revoke(struct req *req);
void control_consent(struct req *req);
void control_user(struct req *req);
void control_tenant(struct req *req);
void control_app(struct req *req);
void control_config(struct req *req);
void control_flow(struct req *req);
void control_secrets(struct req *req);
void control_state(struct req *req);
void control_sign_in(struct req *req);
void control_request_approval(struct req *req);
void control_decide(struct req *req);
void control_mail(struct req *req);

#endif
