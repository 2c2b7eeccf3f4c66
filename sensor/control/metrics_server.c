#include "control/metrics_server.h"

#include "base/clock.h"
#include "control/metrics_text.h"
#include "control/status_json.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS   16U
#define SILENCE_S     5U
#define MEMORY_BYTES  ((size_t)16384) /* of a connection: requests are small */
#define BACKLOG       16
#define UNIX_PREFIX   "unix:"
#define ADDRESS_BYTES 256
#define PORT_MAX      65535

struct metrics_server {
	const struct status_page *page;
	struct MHD_Daemon *daemon;
	int epoll;
};

struct answer {
	unsigned status;
	const char *type;
};

static struct answer write_metrics(const struct status_page *page, FILE *out)
{
	metrics_write(out, page, clock_realtime_us());
	return (struct answer){MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8"};
}

static struct answer write_health(const struct status_page *page, FILE *out)
{
	struct reason why;
	const bool is_healthy = metrics_is_healthy(page, clock_realtime_us(), &why);
	(void)fprintf(out, "%s\n", is_healthy ? "ok" : why.text);
	return (struct answer){is_healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		"text/plain; charset=utf-8"};
}

static struct answer write_status(const struct status_page *page, FILE *out)
{
	status_json_write(out, page, true);
	return (struct answer){MHD_HTTP_OK, "application/json"};
}

static struct answer write_nothing_here(const struct status_page *page, FILE *out)
{
	(void)page;
	(void)fputs("/metrics /healthz /status.json\n", out);
	return (struct answer){MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8"};
}

static const struct target {
	const char *path;
	struct answer (*write)(const struct status_page *page, FILE *out);
} TARGETS[] = {
	{"/metrics", write_metrics},
	{"/healthz", write_health},
	{"/status.json", write_status},
	{NULL, write_nothing_here},
};

static enum MHD_Result send_text(
	struct MHD_Connection *connection, struct answer answer, char *text, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	enum MHD_Result result = MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.type);
	if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
		(void)MHD_add_response_header(
			response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	}
	if (result == MHD_YES) {
		result = MHD_queue_response(connection, answer.status, response);
	}
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection)
{
	char *text = strdup("GET or HEAD\n");
	return text ? send_text(connection,
			      (struct answer){MHD_HTTP_METHOD_NOT_ALLOWED,
				      "text/plain; charset=utf-8"},
			      text, strlen(text))
		    : MHD_NO;
}

static enum MHD_Result answer_path(const struct status_page *page,
	struct MHD_Connection *connection, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	const struct target *target = TARGETS;
	while (target->path && strcmp(target->path, path) != 0) {
		target++;
	}
	FILE *out = open_memstream(&text, &len);
	if (!out) {
		return MHD_NO;
	}
	const struct answer answer = target->write(page, out);
	if (fclose(out) != 0) {
		free(text);
		return MHD_NO;
	}
	return send_text(connection, answer, text, len);
}

/* The body of a request, if it has one, is not wanted: the answer comes before it. */
/* NOLINTNEXTLINE(readability-function-size): the library's type */
static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *body,
	size_t *body_len, void **of_request)
{
	const struct metrics_server *server = (const struct metrics_server *)opaque;
	static int seen; /* its address only */
	(void)version;
	(void)body;
	if (*of_request == NULL) { /* the headers alone */
		*of_request = &seen;
		return MHD_YES;
	}
	*body_len = 0;
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
			       strcmp(method, MHD_HTTP_METHOD_HEAD) == 0
		       ? answer_path(server->page, connection, path)
		       : refuse(connection);
}

static bool finish_listening(int listener, const char *listen_to, struct reason *why)
{
	if (listener < 0 || listen(listener, BACKLOG) != 0) {
		(void)reason_set(
			why, "metrics: %.150s: %s", listen_to, strerror(errno));
		if (listener >= 0) {
			(void)close(listener);
		}
		return false;
	}
	return true;
}

/* One that is left over from before is taken away, but nothing that is no socket. */
static int listen_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
		(void)unlink(path);
	}
	const int listener =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener >= 0 && bind(listener, (const struct sockaddr *)&address,
				     sizeof(address)) != 0) {
		const int error = errno;
		(void)close(listener);
		errno = error;
		return -1;
	}
	(void)chmod(path, 0660); /* who may read is said by the folder and its group */
	return listener;
}

static int listen_at(const struct addrinfo *address)
{
	const int yes = 1;
	const int listener = socket(address->ai_family,
		address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0) {
		return -1;
	}
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, address->ai_addr, address->ai_addrlen) != 0) {
		const int error = errno;
		(void)close(listener);
		errno = error;
		return -1;
	}
	return listener;
}

/* Of "127.0.0.1:9472" or "[::1]:9472"; to be freed. NULL when it is neither. */
static struct addrinfo *internet_address(const char *text)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char host[ADDRESS_BYTES];
	(void)snprintf(host, sizeof(host), "%s", text[0] == '[' ? text + 1 : text);
	char *colon = strrchr(host, ':');
	const unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;
	if (port == 0 || port > PORT_MAX) { /* getaddrinfo takes what is too large */
		return NULL;
	}
	*colon = '\0';
	if (text[0] == '[' && colon > host && colon[-1] == ']') {
		colon[-1] = '\0';
	}
	return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static const char *unix_path(const char *listen)
{
	const size_t prefix = sizeof(UNIX_PREFIX) - 1;
	return strncmp(listen, UNIX_PREFIX, prefix) == 0 ? listen + prefix : NULL;
}

bool metrics_server_is_place(const char *listen)
{
	const char *path = unix_path(listen);
	if (path) {
		return path[0] != '\0' &&
		       strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
	}
	struct addrinfo *address = internet_address(listen);
	const bool is_one = address != NULL;
	if (is_one) {
		freeaddrinfo(address);
	}
	return is_one;
}

static int listen_internet(const char *text)
{
	struct addrinfo *address = internet_address(text);
	if (!address) {
		errno = EINVAL;
		return -1;
	}
	const int listener = listen_at(address);
	const int error = errno;
	freeaddrinfo(address);
	errno = error;
	return listener;
}

static bool start_daemon(struct metrics_server *server, int listener)
{
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request,
		server, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		server->daemon
			? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)
			: NULL;
	server->epoll = info ? info->epoll_fd : -1;
	return server->epoll >= 0;
}

struct metrics_server *metrics_server_open(
	const struct status_page *page, const char *listen, struct reason *why)
{
	const char *path = unix_path(listen);
	struct metrics_server *server = calloc(1, sizeof(*server));
	if (!server) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	server->page = page;
	const int listener = path ? listen_unix(path) : listen_internet(listen);
	if (!finish_listening(listener, listen, why)) {
		free(server);
		return NULL;
	}
	if (!start_daemon(server, listener)) {
		(void)reason_set(why, "metrics: libmicrohttpd does not start");
		(void)close(listener);
		free(server);
		return NULL;
	}
	return server;
}

int metrics_server_descriptor(const struct metrics_server *server)
{
	return server->epoll;
}

void metrics_server_work(struct metrics_server *server)
{
	(void)MHD_run(server->daemon);
}

void metrics_server_close(struct metrics_server *server)
{
	MHD_stop_daemon(server->daemon);
	free(server);
}
