#include "control/metrics_server.h"

#include "base/clock.h"
#include "status/metrics_text.h"
#include "status/status_json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS   256U
#define CROWD         224U /* of so many the oldest gives way to the next */
#define WHOLE_US      UINT64_C(5000000) /* a connection, from its start to its end */
#define FRESH_US      UINT64_C(200000)  /* one text for all who ask meanwhile */
#define MEMORY_BYTES  ((size_t)16384)   /* of a connection: requests are small */
#define BACKLOG       512
#define UNIX_PREFIX   "unix:"
#define ADDRESS_BYTES 256
#define PORT_MAX      65535

struct place { /* of a connection */
	bool is_taken;
	bool is_cut;
	int socket;
	uint64_t since_us;
};

struct answer_text { /* as it was written last, for whoever asks */
	struct MHD_Response *response;
	unsigned status;
	uint64_t written_us;
};

enum { TARGET_COUNT = 3 };

struct metrics_server {
	const struct status_page *page;
	struct MHD_Daemon *daemon;
	int epoll;
	bool is_host_checked;
	unsigned open; /* connections */
	struct place places[CONNECTIONS];
	struct answer_text texts[TARGET_COUNT];
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
	const bool is_healthy = status_is_healthy(page, clock_realtime_us(), &why);
	(void)fprintf(out, "%s\n", is_healthy ? "ok" : why.text);
	return (struct answer){is_healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		"text/plain; charset=utf-8"};
}

static struct answer write_status(const struct status_page *page, FILE *out)
{
	status_json_write(out, page, true);
	return (struct answer){MHD_HTTP_OK, "application/json"};
}

static const struct target {
	const char *path;
	struct answer (*write)(const struct status_page *page, FILE *out);
} TARGETS[TARGET_COUNT] = {
	{"/metrics", write_metrics},
	{"/healthz", write_health},
	{"/status.json", write_status},
};

/* Each connection has one answer: one that asks on and on gets no more of them. */
static struct MHD_Response *response_of(const char *type, char *text, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return NULL;
	}
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) !=
			MHD_YES ||
		MHD_add_response_header(
			response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static enum MHD_Result refuse(
	struct MHD_Connection *connection, unsigned status, const char *words)
{
	char *text = strdup(words);
	struct MHD_Response *response =
		text ? response_of("text/plain; charset=utf-8", text, strlen(text))
		     : NULL;
	if (!response) {
		return MHD_NO;
	}
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
		(void)MHD_add_response_header(
			response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	}
	const enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static bool write_text(struct metrics_server *server, const struct target *target,
	struct answer_text *text)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	if (!out) {
		return false;
	}
	const struct answer answer = target->write(server->page, out);
	if (fclose(out) != 0) {
		free(bytes);
		return false;
	}
	if (text->response) {
		MHD_destroy_response(
			text->response); /* whoever still sends it keeps it */
	}
	text->response = response_of(answer.type, bytes, len);
	text->status = answer.status;
	return text->response != NULL;
}

static enum MHD_Result answer_path(struct metrics_server *server,
	struct MHD_Connection *connection, const char *path)
{
	size_t i = 0;
	while (i < TARGET_COUNT && strcmp(TARGETS[i].path, path) != 0) {
		i++;
	}
	if (i == TARGET_COUNT) {
		return refuse(connection, MHD_HTTP_NOT_FOUND,
			"/metrics /healthz /status.json\n");
	}
	struct answer_text *text = &server->texts[i];
	const uint64_t now_us = clock_monotonic_us();
	if (!text->response || now_us - text->written_us >= FRESH_US) {
		text->written_us = now_us;
		if (!write_text(server, &TARGETS[i], text)) {
			return MHD_NO;
		}
	}
	return MHD_queue_response(connection, text->status, text->response);
}

/*
 * A page of the web can give its own name the address of this host, and then read what
 * is answered here. Names that are nobody's: an address, localhost, the sensor's own.
 */
static bool is_host_right(
	const struct metrics_server *server, struct MHD_Connection *connection)
{
	const char *value = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	char host[ADDRESS_BYTES];
	struct in6_addr address;
	if (!server->is_host_checked || !value) {
		return true; /* no browser leaves it out */
	}
	const bool is_bracketed = value[0] == '[';
	(void)snprintf(host, sizeof(host), "%s", is_bracketed ? value + 1 : value);
	char *end = host + strcspn(host, is_bracketed ? "]" : ":");
	if (is_bracketed && *end == ']' && end[1] != '\0' && end[1] != ':') {
		return false;
	}
	*end = '\0';
	return inet_pton(is_bracketed ? AF_INET6 : AF_INET, host, &address) == 1 ||
	       strcasecmp(host, "localhost") == 0 ||
	       strncasecmp(host, server->page->host, sizeof(server->page->host)) == 0;
}

/* The body of a request, if it has one, is not wanted: the answer comes before it. */
/* NOLINTNEXTLINE(readability-function-size): the library's type */
static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *body,
	size_t *body_len, void **of_request)
{
	struct metrics_server *server = (struct metrics_server *)opaque;
	static int seen; /* its address only */
	(void)version;
	(void)body;
	if (*of_request == NULL) { /* the headers alone */
		*of_request = &seen;
		return MHD_YES;
	}
	*body_len = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
	}
	return is_host_right(server, connection)
		       ? answer_path(server, connection, path)
		       : refuse(connection, MHD_HTTP_FORBIDDEN,
				 "Host is no name of this place\n");
}

/* The library closes it when it looks next. */
static void cut(struct place *place)
{
	place->is_cut = true;
	(void)shutdown(place->socket, SHUT_RDWR);
}

/* One look at every place, for a connection that comes while most are taken. */
static void cut_oldest(struct metrics_server *server)
{
	struct place *oldest = NULL;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct place *place = &server->places[i];
		if (place->is_taken && !place->is_cut &&
			(!oldest || place->since_us < oldest->since_us)) {
			oldest = place;
		}
	}
	if (oldest) {
		cut(oldest);
	}
}

static struct place *free_place(struct metrics_server *server)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (!server->places[i].is_taken) {
			return &server->places[i];
		}
	}
	return NULL; /* the library takes no more than there are */
}

static void on_connection(void *opaque, struct MHD_Connection *connection,
	void **of_connection, enum MHD_ConnectionNotificationCode code)
{
	struct metrics_server *server = (struct metrics_server *)opaque;
	struct place *place = (struct place *)*of_connection;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		server->open--;
		if (place) {
			place->is_taken = false;
		}
		return;
	}
	if (++server->open > CROWD) {
		cut_oldest(server);
	}
	place = free_place(server);
	*of_connection = place;
	if (place) {
		*place = (struct place){.is_taken = true,
			.socket = MHD_get_connection_info(
				connection, MHD_CONNECTION_INFO_CONNECTION_FD)
					  ->connect_fd,
			.since_us = clock_monotonic_us()};
	}
}

static void cut_those_over(struct metrics_server *server)
{
	const uint64_t now_us = clock_monotonic_us();
	for (size_t i = 0; i < CONNECTIONS && server->open > 0; i++) {
		struct place *place = &server->places[i];
		if (place->is_taken && !place->is_cut &&
			now_us - place->since_us >= WHOLE_US) {
			cut(place);
		}
	}
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

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 =
		(const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 =
		(const struct sockaddr_in6 *)(const void *)address;
	return address->sa_family == AF_INET
		       ? ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
		       : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int listen_internet(const char *text, bool *is_local)
{
	struct addrinfo *address = internet_address(text);
	if (!address) {
		errno = EINVAL;
		return -1;
	}
	const int listener = listen_at(address);
	const int error = errno;
	*is_local = is_loopback(address->ai_addr);
	freeaddrinfo(address);
	errno = error;
	return listener;
}

static bool start_daemon(struct metrics_server *server, int listener)
{
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request,
		server, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
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
	const int listener = path ? listen_unix(path)
				  : listen_internet(listen, &server->is_host_checked);
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
	cut_those_over(server);
	(void)MHD_run(server->daemon);
}

void metrics_server_close(struct metrics_server *server)
{
	MHD_stop_daemon(server->daemon);
	for (size_t i = 0; i < TARGET_COUNT; i++) {
		if (server->texts[i].response) {
			MHD_destroy_response(server->texts[i].response);
		}
	}
	free(server);
}
