/*
 * ship/redis_session - our place in Redis: the right server, logged in.
 *
 * One server, by TCP or UNIX socket; the master that Sentinels name; or the node of a
 * cluster that has our keys: redirections are followed. Every wait is bounded, and so
 * is all together by a time given. Knows no counters.
 */
#pragma once

#include "base/schema.h"
#include "ship/addresses.h"
#include "ship/redis_link.h"

#define REDIS_NODES_MAX 64 /* addresses of all servers named */

struct redis_nodes {
	size_t count;
	struct redis_node list[REDIS_NODES_MAX];
};

struct redis_login {
	const char *user; /* NULL: the default one */
	char password[SCHEMA_SECRET_MAX];
};

struct redis_settings {
	struct redis_nodes servers;
	struct redis_nodes sentinels; /* count 0: there are none */
	const char *master;           /* its name, to Sentinels */
	const char *database;
	struct redis_login login;
	struct redis_login sentinel_login;
	struct reason unresolved; /* names that lead nowhere, now */
	bool is_named;            /* a server; else all are addresses, or a path */
};

struct redis_session {
	const struct redis_settings *settings;
	struct redis_link link;
	/* where the cluster keeps our keys; host "": not told */
	struct redis_node moved;
	uint64_t end_us;             /* monotonic; no more tries behind it */
	enum redis_error_kind error; /* of the last answer that was one */
};

/* The keys of a settings file that say where Redis is and who we are. */
#define REDIS_SETTINGS_KEYS                                                            \
	{.name = "servers",                                                            \
		.help = "HOST or HOST:PORT, one or several (of a cluster)",            \
		.kind = SCHEMA_LIST,                                                   \
		.standard = "127.0.0.1:6379"},                                         \
		{.name = "path", .help = "UNIX socket of the server, in their place"}, \
		{.name = "sentinels",                                                  \
			.help = "HOST or HOST:PORT of Sentinels, in their place",      \
			.kind = SCHEMA_LIST},                                          \
		{.name = "master",                                                     \
			.help = "the name by which Sentinels know the master",         \
			.standard = "mymaster"},                                       \
		{.name = "user", .help = "user of the server's ACL"},                  \
		{.name = "password",                                                   \
			.help = "where the password is",                               \
			.kind = SCHEMA_SECRET},                                        \
		{.name = "sentinel_user", .help = "user of the Sentinels' ACL"},       \
		{.name = "sentinel_password",                                          \
			.help = "where the Sentinels' password is",                    \
			.kind = SCHEMA_SECRET},                                        \
	{                                                                              \
		.name = "database", .help = "number of the database",                  \
		.kind = SCHEMA_NUMBER, .standard = "0", .least = 0, .most = 15         \
	}

/* For the table of shippers: what belongs together, and the form of each HOST:PORT. */
bool redis_settings_check(const struct schema_values *values, struct reason *why);

/* Read them, when they are right, and resolve the names. False: a human must change something. */
bool redis_settings_read(struct redis_settings *settings,
	const struct schema_values *values, struct reason *why);
void redis_settings_clear(struct redis_settings *settings);

/* Connect where we are not; logged in, and to the master. */
bool redis_session_open(struct redis_session *session, struct reason *why);
void redis_session_close(struct redis_session *session);

/*
 * One command for keys of one slot, wherever the node is that has it. An answer that
 * is no error, to be freed; NULL with a reason. An error leaves the connection as it is.
 */
struct redis_answer *redis_session_call(struct redis_session *session,
	const struct redis_command *command, struct reason *why);

/* Likewise; the words end with NUL, and NULL is behind the last. */
struct redis_answer *redis_session_ask(
	struct redis_session *session, const char **words, struct reason *why);
