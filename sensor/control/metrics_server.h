/*
 * control/metrics_server - answer HTTP requests for metrics, on loopback or a socket file.
 *
 * The only file that knows libmicrohttpd. /metrics, /healthz (200 or 503) and
 * /status.json, by GET and HEAD. No threads: the caller waits on the descriptor and lets
 * it work. Connections are few and end after seconds without a word, so a slow client
 * holds up nobody.
 */
#pragma once

#include "control/status.h"

struct metrics_server;

/* Does it have one of the forms below? Nothing is opened or asked. */
bool metrics_server_is_place(const char *listen);

/*
 * Before the cage. listen: "127.0.0.1:9472", "[::1]:9472" or "unix:/path". NULL with a
 * reason.
 */
struct metrics_server *metrics_server_open(
	const struct status_page *page, const char *listen, struct reason *why);

/* To poll: readable when metrics_server_work has something to do. */
int metrics_server_descriptor(const struct metrics_server *server);

/* Take connections, read requests, send answers; never waits. */
void metrics_server_work(struct metrics_server *server);
void metrics_server_close(struct metrics_server *server);
