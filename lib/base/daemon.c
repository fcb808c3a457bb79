/*
 * The frame of every daemon. A generation (settings and what the program derives from them)
 * is counted: whoever works with one keeps it alive, a reload only swaps the pointer.
 */
#include "base/daemon.h"

#include "base/descriptors.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

struct generation {
	struct daemon_generation face; /* first: what the program sees */
	atomic_int references;
	const struct daemon_program *program;
};

struct daemon {
	const struct daemon_program *program;
	const char *config_directory;
	const char **overrides;
	size_t overrides_n;
	bool test;
	bool stream;
	int verbose;
	pthread_mutex_t mutex; /* guards generation */
	struct generation *generation;
	void *data;
	void *signals;
};

static void log_fault(void *context, const char *text)
{
	(void)context;
	log_error("%s", text);
}

static void print_fault(void *context, const char *text)
{
	fprintf(stderr, "%s: %s\n", (const char *)context, text);
}

static void fault(struct daemon *daemon, const char *text)
{
	if (daemon->test)
		print_fault((void *)daemon->program->name, text);
	else
		log_fault(NULL, text);
}

static void generation_put(struct generation *generation)
{
	if (generation == NULL || atomic_fetch_sub(&generation->references, 1) != 1)
		return;
	if (generation->program->release != NULL && generation->face.derived != NULL)
		generation->program->release(generation->face.derived);
	settings_free(&generation->face.settings);
	free(generation);
}

/* The settings of the file, not yet checked by the program; NULL on any fault. */
static struct generation *generation_load(struct daemon *daemon)
{
	struct settings_source source = {
		.config_directory = daemon->config_directory,
		.overrides = daemon->overrides,
		.fault = daemon->test ? print_fault : log_fault,
		.fault_context = (void *)daemon->program->name,
	};
	struct generation *generation = calloc(1, sizeof(*generation));

	if (generation == NULL) {
		fault(daemon, "out of memory");
		return NULL;
	}
	generation->program = daemon->program;
	atomic_init(&generation->references, 1);
	if (settings_load(&source, &generation->face.settings) != 0) {
		free(generation);
		return NULL;
	}
	return generation;
}

static int generation_check(struct daemon *daemon, struct generation *generation)
{
	struct error error;

	if (daemon->program->check == NULL || daemon->program->check(generation->face.settings,
						      &generation->face.derived, &error) == 0)
		return 0;
	fault(daemon, error.text);
	return -1;
}

const struct daemon_generation *daemon_generation(struct daemon *daemon)
{
	struct generation *generation;

	pthread_mutex_lock(&daemon->mutex);
	generation = daemon->generation;
	atomic_fetch_add(&generation->references, 1);
	pthread_mutex_unlock(&daemon->mutex);
	return &generation->face;
}

void daemon_generation_release(const struct daemon_generation **generation)
{
	if (*generation != NULL)
		generation_put((struct generation *)*generation);
	*generation = NULL;
}

int daemon_reload(struct daemon *daemon)
{
	struct generation *fresh = generation_load(daemon), *old;

	if (fresh == NULL || generation_check(daemon, fresh) != 0) {
		generation_put(fresh);
		log_error("reload refused, the settings from before stay in force: "
			  "mend what is said above and reload again");
		return -1;
	}
	pthread_mutex_lock(&daemon->mutex);
	old = daemon->generation;
	daemon->generation = fresh;
	pthread_mutex_unlock(&daemon->mutex);
	generation_put(old);
	log_info("reloaded");
	return 0;
}

void *daemon_data(struct daemon *daemon)
{
	return daemon->data;
}

void daemon_set_data(struct daemon *daemon, void *data)
{
	daemon->data = data;
}

void **daemon_signals(struct daemon *daemon)
{
	return &daemon->signals;
}

bool daemon_stream(const struct daemon *daemon)
{
	return daemon->stream;
}

gid_t daemon_socket_group(const struct settings *settings)
{
	struct group *group =
		settings->socket_group[0] != '\0' ? getgrnam(settings->socket_group) : NULL;

	return group != NULL ? group->gr_gid : (gid_t)-1;
}

/* One datagram, as sd_notify(3) describes the protocol. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warning("notify %s: %s", path, strerror(errno));
	close(fd);
}

void daemon_ready(struct daemon *daemon)
{
	(void)daemon;
	notify("READY=1");
	log_info("ready");
}

void daemon_stopping(struct daemon *daemon)
{
	(void)daemon;
	notify("STOPPING=1");
	log_info("stopping");
}

/* The program's own user where the site made one, else the common one. */
static struct passwd *find_user(const struct daemon_program *program, const char *common)
{
	const char *suffix = strrchr(program->name, '-');
	struct passwd *user = NULL;
	char *own;

	if (asprintf(&own, "%s%s", common, suffix != NULL ? suffix : "") >= 0) {
		user = getpwnam(own);
		free(own);
	}
	return user != NULL ? user : getpwnam(common);
}

gid_t daemon_own_group(const struct daemon *daemon, const struct settings *settings)
{
	const struct passwd *user =
		geteuid() == 0 ? find_user(daemon->program, settings->daemon_user) : NULL;

	return user != NULL ? user->pw_gid : (gid_t)-1;
}

void daemon_own_socket(
	const struct daemon *daemon, const struct settings *settings, const char *endpoint)
{
	const struct passwd *user =
		geteuid() == 0 ? find_user(daemon->program, settings->daemon_user) : NULL;
	const char *path = endpoint + strlen("unix:");

	if (user != NULL && strncmp(endpoint, "unix:", 5) == 0 &&
		lchown(path, user->pw_uid, (gid_t)-1) != 0)
		log_warning("chown %s: %s", path, strerror(errno));
}

static int drop_root(struct daemon *daemon, struct error *error)
{
	const char *name = daemon->generation->face.settings->daemon_user;
	struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = find_user(daemon->program, name);
	if (user == NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"daemon_user: there is no user \"%s\"; make one, such as with "
			"\"adduser --system --group %s\"",
			name, name);
	if (user->pw_uid == 0)
		return error_set(error, ERROR_CONFIGURATION, "daemon_user: must not be root");
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
		setuid(user->pw_uid) != 0)
		return error_errno(error, errno, "become user %s", user->pw_name);
	return 0;
}

/* The file was read as root; at a reload, and under a supervisor that starts the program as its
 * user, it is read without. */
static int check_readable(struct daemon *daemon, struct error *error)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", daemon->config_directory, SETTINGS_FILE) <
			(int)sizeof(path) &&
		access(path, R_OK) != 0)
		return error_open(error, errno, path, "");
	return 0;
}

static void limit_process(void)
{
	struct rlimit none = {0, 0}, files;

	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error as a full disk is */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int usage(const struct daemon_program *program, FILE *to)
{
	fprintf(to,
		"%s: %s\n"
		"usage: %s [-%stv] [-c config_dir] [-o name=value] ...\n"
		"  -c config_dir   directory of postinvite.cf (%s)\n"
		"  -o name=value   overrides a setting\n"
		"  -t              check the configuration, say every fault, exit 0 or 78\n"
		"  -v              log more\n"
		"%s"
		"Runs in the foreground. SIGHUP reloads, SIGTERM stops. See %s(8).\n",
		program->name, program->purpose, program->name, program->has_stream ? "s" : "",
		SETTINGS_DEFAULT_DIRECTORY,
		program->has_stream
			? "  -s              serve who is at standard input and output, for spawn(8)\n"
			: "",
		program->name);
	return to == stdout ? EX_OK : EX_USAGE;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(struct daemon *daemon, int argc, char **argv)
{
	const char *options = daemon->program->has_stream ? "c:o:tvhs" : "c:o:tvh";
	int option;

	while ((option = getopt(argc, argv, options)) != -1) {
		switch (option) {
		case 'c':
			daemon->config_directory = optarg;
			break;
		case 'o':
			daemon->overrides[daemon->overrides_n++] = optarg;
			break;
		case 't':
			daemon->test = true;
			break;
		case 'v':
			daemon->verbose++;
			break;
		case 's':
			daemon->stream = true;
			break;
		case 'h':
			return usage(daemon->program, stdout);
		default:
			return usage(daemon->program, stderr);
		}
	}
	return optind == argc ? -1 : usage(daemon->program, stderr);
}

/* From loaded settings to a served program. Returns the exit status. */
static int serve(struct daemon *daemon)
{
	const struct daemon_program *program = daemon->program;
	struct error error;

	if (!daemon->test && program->prepare != NULL &&
		program->prepare(daemon, &error) != 0) {
		fault(daemon, error.text);
		return error_answer(error.kind)->exit_status;
	}
	if (drop_root(daemon, &error) != 0) {
		fault(daemon, error.text);
		return EX_CONFIG;
	}
	if (check_readable(daemon, &error) != 0) {
		if (daemon->test) {
			fault(daemon, error.text);
			return EX_CONFIG;
		}
		log_warning("a reload will be refused: %s", error.text);
	}
	if (generation_check(daemon, daemon->generation) != 0)
		return EX_CONFIG;
	if (daemon->test)
		return EX_OK;
	limit_process();
	return program->run(daemon);
}

int daemon_main(const struct daemon_program *program, int argc, char **argv)
{
	struct daemon daemon = {
		.program = program,
		.config_directory = SETTINGS_DEFAULT_DIRECTORY,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
	};
	int status;

	daemon.overrides = calloc((size_t)argc + 1, sizeof(*daemon.overrides));
	if (daemon.overrides == NULL || descriptors_take_standard() != 0)
		return EX_OSERR;
	status = parse_options(&daemon, argc, argv);
	if (status < 0) {
		log_open(program->name, daemon.verbose, daemon.stream);
		daemon.generation = generation_load(&daemon);
		status = daemon.generation == NULL ? EX_CONFIG : serve(&daemon);
		if (!daemon.test && program->cleanup != NULL && daemon.generation != NULL)
			program->cleanup(&daemon);
		generation_put(daemon.generation);
	}
	free(daemon.overrides);
	return status;
}
