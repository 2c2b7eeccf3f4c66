#include "www/metrics_server.h"

#include "base/clock.h"
#include "status/metrics_text.h"
#include "status/status_json.h"
#include "www/listener.h"
#include "www/overview.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECTIONS   256U
#define CROWD         224U /* of so many the oldest gives way to the next */
#define WHOLE_US      UINT64_C(5000000) /* a connection, from its start to its end */
#define FRESH_US      UINT64_C(200000)  /* one text for all who ask meanwhile */
#define MEMORY_BYTES  ((size_t)16384)   /* of a connection: requests are small */
#define ADDRESS_BYTES 256
#define PAGE_MOST     ((off_t)8 << 20) /* of bytes; what is larger is not ours */
#define FRAMES        "; frame-ancestors 'none'"
#define HTML          "text/html; charset=utf-8"

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

struct page_text { /* the page as it was read last */
	struct MHD_Response *response;
	struct stat status; /* of the file that it is */
};

struct metrics_server {
	const struct status_page *page;
	struct MHD_Daemon *daemon;
	int epoll;
	enum listener_kind kind;
	const char *const *names;
	size_t name_count;
	int www;
	struct page_text text;
	char policy[PAGE_POLICY_BYTES + sizeof(FRAMES)];
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

/* What is here is for whoever asked, and nobody else: no cache, no frame, no other page. */
static const struct {
	const char *name;
	const char *value;
} HEADERS[] = {
	/* one that asks on and on gets no more answers by its connection */
	{MHD_HTTP_HEADER_CONNECTION, "close"},
	{MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

static bool add_headers(struct MHD_Response *response, const char *type)
{
	bool is_added = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				type) == MHD_YES;
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		is_added =
			is_added && MHD_add_response_header(response, HEADERS[i].name,
					    HEADERS[i].value) == MHD_YES;
	}
	return is_added;
}

static bool add_policy(struct MHD_Response *response, const char *policy)
{
	return MHD_add_response_header(response, "Content-Security-Policy", policy) ==
	       MHD_YES;
}

/* Takes the text. policy: of the page; NULL: nothing at all may be loaded. */
static struct MHD_Response *response_of(
	const char *type, const char *policy, char *text, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return NULL;
	}
	if (!add_headers(response, type) ||
		!add_policy(response, policy ? policy : "default-src 'none'" FRAMES)) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static enum MHD_Result refuse(
	struct MHD_Connection *connection, unsigned status, const char *words)
{
	char *text = strdup(words);
	struct MHD_Response *response = text ? response_of("text/plain; charset=utf-8",
						       NULL, text, strlen(text))
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
	text->response = response_of(answer.type, NULL, bytes, len);
	text->status = answer.status;
	return text->response != NULL;
}

/* All of the file, as long as it was when it was opened: it is replaced, not changed. */
static char *read_whole(int file, size_t len)
{
	char *bytes = malloc(len + 1);
	size_t at = 0;
	ssize_t got = 1;
	while (bytes && at < len && got > 0) {
		got = read(file, bytes + at, len - at);
		at += got > 0 ? (size_t)got : 0;
	}
	if (bytes && at < len) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Another one only when it was replaced: slow readers keep no more than there were pages. */
static void read_page(struct metrics_server *server, int file)
{
	struct page_text *text = &server->text;
	struct stat status;
	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
		status.st_size > PAGE_MOST ||
		(text->response && is_same_file(&status, &text->status))) {
		return;
	}
	char *bytes = read_whole(file, (size_t)status.st_size);
	struct MHD_Response *response =
		bytes ? response_of(HTML, server->policy, bytes, (size_t)status.st_size)
		      : NULL;
	if (response && text->response) {
		MHD_destroy_response(text->response);
	}
	if (response) {
		text->response = response;
		text->status = status;
	}
}

static enum MHD_Result answer_page(
	struct metrics_server *server, struct MHD_Connection *connection)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	const int file = openat(server->www, WWW_PAGE, flags);
	if (file >= 0) {
		read_page(server, file);
		(void)close(file);
	}
	return server->text.response ? MHD_queue_response(connection, MHD_HTTP_OK,
					       server->text.response)
				     : refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
					       "no page is written yet\n");
}

static bool is_page(const struct metrics_server *server, const char *path)
{
	return server->www >= 0 && strcmp(path, "/") == 0;
}

static enum MHD_Result answer_path(struct metrics_server *server,
	struct MHD_Connection *connection, const char *path)
{
	size_t i = 0;
	if (is_page(server, path)) {
		return answer_page(server, connection);
	}
	while (i < TARGET_COUNT && strcmp(TARGETS[i].path, path) != 0) {
		i++;
	}
	if (i == TARGET_COUNT) {
		return refuse(connection, MHD_HTTP_NOT_FOUND,
			server->www >= 0 ? "/ /metrics /healthz /status.json\n"
					 : "/metrics /healthz /status.json\n");
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
 * is answered here. Names that are nobody's: an address, localhost, the sensor's own, and
 * those that are set.
 */
static bool is_named(const struct metrics_server *server, const char *host)
{
	for (size_t i = 0; i < server->name_count; i++) {
		if (strcasecmp(host, server->names[i]) == 0) {
			return true;
		}
	}
	return strcasecmp(host, "localhost") == 0 ||
	       strncasecmp(host, server->page->host, sizeof(server->page->host)) == 0;
}

static bool is_host_right(const struct metrics_server *server,
	struct MHD_Connection *connection, const char *path)
{
	const char *value = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	const bool is_checked =
		server->kind == LISTENER_LOOPBACK ||
		(server->kind == LISTENER_INTERNET && is_page(server, path));
	char host[ADDRESS_BYTES];
	struct in6_addr address;
	if (!is_checked || !value) {
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
	       is_named(server, host);
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
	return is_host_right(server, connection, path)
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

static void start_page(struct metrics_server *server)
{
	char policy[PAGE_POLICY_BYTES];
	(void)snprintf(server->policy, sizeof(server->policy), "%s" FRAMES,
		page_html_policy(policy));
}

struct metrics_server *metrics_server_open(const struct status_page *page,
	const struct metrics_place *place, struct reason *why)
{
	struct metrics_server *server = calloc(1, sizeof(*server));
	if (!server) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	server->page = page;
	server->names = place->names;
	server->name_count = place->name_count;
	server->www = place->www;
	start_page(server);
	const int listener = listener_open(place->listen, &server->kind, why);
	if (listener < 0) {
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
	if (server->text.response) {
		MHD_destroy_response(server->text.response);
	}
	for (size_t i = 0; i < TARGET_COUNT; i++) {
		if (server->texts[i].response) {
			MHD_destroy_response(server->texts[i].response);
		}
	}
	free(server);
}
