/* The HTTPS listener: libmicrohttpd's threads, one handler at a time. */
#ifndef ENTRA_HTTP_H
#define ENTRA_HTTP_H

#include <stdbool.h>

bool http_start(void); /* false: said why on stderr */
void http_stop(void);

/* delay.c: connections that wait before they are answered. */
struct MHD_Connection;
void delay_start(void);
void delay_connection(struct MHD_Connection *conn, long ms);
void delay_stop(void); /* resumes all at once */

#endif
