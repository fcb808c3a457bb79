/*
 * Sockets in Postfix notation. A Unix socket that nobody listens on is what a killed
 * process leaves behind: it is replaced. One that answers belongs to somebody.
 */
#include "base/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 512

static const char *unix_path(const char *endpoint)
{
	return strncmp(endpoint, "unix:", 5) == 0 ? endpoint + 5 : NULL;
}

static int unix_address(const char *path, struct sockaddr_un *address_r, struct error *error)
{
	if (path[0] != '/')
		return error_set(
			error, ERROR_CONFIGURATION, "unix:%s: not an absolute path", path);
	if (strlen(path) >= sizeof(address_r->sun_path))
		return error_set(error, ERROR_CONFIGURATION,
			"unix:%s: path is longer than %zu characters", path,
			sizeof(address_r->sun_path) - 1);
	memset(address_r, 0, sizeof(*address_r));
	address_r->sun_family = AF_UNIX;
	strcpy(address_r->sun_path, path);
	return 0;
}

/* Splits "inet:host:port" into its parts; host_r and port_r hold 256 and 32 bytes. */
static int inet_parts(const char *endpoint, char *host_r, char *port_r, struct error *error)
{
	const char *colon = strrchr(endpoint, ':');
	const char *host = endpoint + 5;
	size_t len;

	if (strncmp(endpoint, "inet:", 5) != 0 || colon <= host || colon[1] == '\0')
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" is neither unix:PATH nor inet:HOST:PORT", endpoint);
	len = (size_t)(colon - host);
	if (host[0] == '[' && colon[-1] == ']') {
		host++;
		len -= 2;
	}
	if (len >= 256 || strlen(colon + 1) >= 32)
		return error_set(error, ERROR_CONFIGURATION, "\"%s\" is too long", endpoint);
	memcpy(host_r, host, len);
	host_r[len] = '\0';
	strcpy(port_r, colon + 1);
	return 0;
}

int endpoint_check(const char *endpoint, struct error *error)
{
	struct sockaddr_un address;
	char host[256], port[32];

	if (unix_path(endpoint) != NULL)
		return unix_address(unix_path(endpoint), &address, error);
	return inet_parts(endpoint, host, port, error);
}

static int resolve(
	const char *endpoint, int flags, struct addrinfo **list_r, struct error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	char host[256], port[32];
	int fault;

	if (inet_parts(endpoint, host, port, error) != 0)
		return -1;
	fault = getaddrinfo(host, port, &hints, list_r);
	if (fault != 0)
		return error_set(error,
			fault == EAI_AGAIN ? ERROR_TEMPORARY : ERROR_CONFIGURATION, "%s: %s",
			endpoint, gai_strerror(fault));
	return 0;
}

/* Removes the socket that nobody listens on; what is no socket is somebody's file. */
static int remove_stale(const char *path, struct error *error)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(error, ERROR_CONFIGURATION,
			"unix:%s: there is something else of that name, not a socket", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return error_errno(error, errno,
			"remove the socket that was left at %s (as root, where this user may not)",
			path);
	return 0;
}

int endpoint_listen_fault(const char *endpoint, int fault, struct error *error)
{
	static const struct {
		bool local;
		int fault;
		const char *remedy;
	} remedies[] = {
		{true, ENOENT,
			"make its folder (systemd-tmpfiles --create makes postinvite's)"},
		{true, EACCES,
			"the program's user has to be able to write in its folder "
			"(systemd-tmpfiles --create sets postinvite's right)"},
		{false, EACCES, "a port below 1024 is for who has CAP_NET_BIND_SERVICE"},
		{false, EADDRINUSE, "another process listens there: stop that first"},
	};
	bool local = strncmp(endpoint, "unix:", 5) == 0;
	size_t len;

	error_errno(error, fault, "listen on %s", endpoint);
	len = strlen(error->text);
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].local == local && remedies[i].fault == fault)
			snprintf(error->text + len, sizeof(error->text) - len, ": %s",
				remedies[i].remedy);
	return -1;
}

static int unix_listen(const char *path, mode_t mode, gid_t group, struct error *error)
{
	struct sockaddr_un address;
	struct error ignored;
	char endpoint[sizeof(address.sun_path) + 8];
	mode_t old_mask;
	int fd, probe, fault;

	if (unix_address(path, &address, error) != 0)
		return -1;
	snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
	probe = endpoint_connect(endpoint, &ignored);
	if (probe >= 0) {
		close(probe);
		return error_set(error, ERROR_CONFIGURATION,
			"unix:%s: another process listens there: stop that first", path);
	}
	if (remove_stale(path, error) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(error, errno, "socket");
	old_mask = umask(0177);
	fault = bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ? errno : 0;
	umask(old_mask);
	if (fault == 0 && group != (gid_t)-1 && chown(path, (uid_t)-1, group) != 0)
		fault = errno;
	if (fault == 0 && (chmod(path, mode) != 0 || listen(fd, LISTEN_BACKLOG) != 0))
		fault = errno;
	if (fault != 0) {
		close(fd);
		return endpoint_listen_fault(endpoint, fault, error);
	}
	return fd;
}

static int inet_listen(const char *endpoint, struct error *error)
{
	struct addrinfo *list;
	int fd, on = 1, fault = 0;

	if (resolve(endpoint, AI_PASSIVE, &list, error) != 0)
		return -1;
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, list->ai_addr, list->ai_addrlen) != 0 ||
		listen(fd, LISTEN_BACKLOG) != 0)
		fault = errno;
	freeaddrinfo(list);
	if (fault == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return endpoint_listen_fault(endpoint, fault, error);
}

int endpoint_listen(const char *endpoint, mode_t mode, gid_t group, struct error *error)
{
	const char *path = unix_path(endpoint);

	return path != NULL ? unix_listen(path, mode, group, error)
			    : inet_listen(endpoint, error);
}

static int unix_connect(const char *path, int flags, struct error *error)
{
	struct sockaddr_un address;
	bool refused;
	int fd;

	if (unix_address(path, &address, error) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return error_errno(error, errno, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	refused = errno == EACCES || errno == EPERM;
	error_errno(error, errno, "connect to unix:%s", path);
	error->kind = refused ? ERROR_POLICY : ERROR_TEMPORARY;
	close(fd);
	return -1;
}

static int inet_connect(const char *endpoint, int flags, struct error *error)
{
	struct addrinfo *list;
	int fd = -1, fault = 0;

	if (resolve(endpoint, 0, &list, error) != 0)
		return -1;
	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
		if (fd >= 0 &&
			(connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS))
			break;
		fault = errno;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd >= 0)
		return fd;
	error_errno(error, fault, "connect to %s", endpoint);
	error->kind = ERROR_TEMPORARY;
	return -1;
}

static int connect_with(const char *endpoint, int flags, struct error *error)
{
	const char *path = unix_path(endpoint);

	return path != NULL ? unix_connect(path, flags, error)
			    : inet_connect(endpoint, flags, error);
}

int endpoint_connect(const char *endpoint, struct error *error)
{
	return connect_with(endpoint, 0, error);
}

int endpoint_connect_start(const char *endpoint, struct error *error)
{
	return connect_with(endpoint, SOCK_NONBLOCK, error);
}

void endpoint_unlink(const char *endpoint)
{
	const char *path = unix_path(endpoint);

	if (path != NULL)
		unlink(path);
}
