/*
 * control/metrics_server - answer HTTP requests for metrics, on loopback or a socket file.
 *
 * The only file that knows libmicrohttpd. /metrics, /healthz (200 or 503) and
 * /status.json, by GET and HEAD. No threads: the caller waits on the descriptor and lets
 * it work. A connection is for one answer, and ends within seconds whatever it does; of
 * too many the oldest gives way, so slow clients hold up nobody. On loopback it answers to
 * addresses, "localhost" and the sensor's own name: no page of the web reads it.
 */
#pragma once

#include "status/status.h"

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
