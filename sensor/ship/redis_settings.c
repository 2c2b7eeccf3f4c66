#include "ship/redis_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_PORT       6379
#define SENTINEL_PORT     26379
#define SOCKET_PATH_BYTES 108 /* sun_path: unix(7) */

/* All addresses of one name. */
static void add_nodes(struct redis_nodes *nodes, const char *host, unsigned port,
	struct reason *unresolved)
{
	struct addresses addresses;
	if (!addresses_resolve(&addresses, host, unresolved)) {
		return; /* told when there is no other */
	}
	for (size_t i = 0; i < addresses.count && nodes->count < REDIS_NODES_MAX; i++) {
		struct redis_node *node = &nodes->list[nodes->count++];
		(void)snprintf(node->host, sizeof(node->host), "%s", addresses.list[i]);
		node->port = port;
	}
}

static void read_nodes(struct redis_settings *settings,
	const struct schema_values *values, const char *name)
{
	const bool is_sentinel = strcmp(name, "sentinels") == 0;
	struct redis_nodes *nodes =
		is_sentinel ? &settings->sentinels : &settings->servers;
	const size_t count = schema_count(values, name);
	for (size_t i = 0; i < count; i++) {
		char host[ADDRESS_HOST_BYTES];
		unsigned port = is_sentinel ? SENTINEL_PORT : SERVER_PORT;
		if (addresses_split(schema_item(values, name, i), host, &port)) {
			add_nodes(nodes, host, port, &settings->unresolved);
			settings->is_named =
				settings->is_named || addresses_is_name(host);
		}
	}
}

static void read_path(struct redis_settings *settings, const char *path)
{
	struct redis_node *node = &settings->servers.list[0];
	(void)snprintf(node->host, sizeof(node->host), "%s", path);
	node->port = 0;
	settings->servers.count = 1;
}

static bool read_secrets(struct redis_settings *settings,
	const struct schema_values *values, struct reason *why)
{
	struct redis_login *login = &settings->login;
	struct redis_login *sentinel = &settings->sentinel_login;
	login->user = schema_text(values, "user");
	sentinel->user = schema_text(values, "sentinel_user");
	if (!schema_secret(values, "password", login->password, sizeof(login->password),
		    why) ||
		!schema_secret(values, "sentinel_password", sentinel->password,
			sizeof(sentinel->password), why)) {
		return false;
	}
	return (!login->user || login->password[0] != '\0') ||
	       reason_set(why, "user needs password_file or password_env");
}

static bool check_nodes(
	const struct schema_values *values, const char *name, struct reason *why)
{
	for (size_t i = 0; i < schema_count(values, name); i++) {
		char host[ADDRESS_HOST_BYTES];
		unsigned port = 0;
		const char *text = schema_item(values, name, i);
		if (!addresses_split(text, host, &port)) {
			return reason_set(
				why, "%s: \"%.100s\" is no HOST:PORT", name, text);
		}
	}
	return true;
}

bool redis_settings_check(const struct schema_values *values, struct reason *why)
{
	const char *path = schema_text(values, "path");
	if (path && schema_count(values, "sentinels") > 0) {
		return reason_set(why, "either path or sentinels");
	}
	if (path && (path[0] == '\0' || strlen(path) >= SOCKET_PATH_BYTES)) {
		return reason_set(why, "path: \"%.100s\" is no path of a socket", path);
	}
	return check_nodes(values, "servers", why) &&
	       check_nodes(values, "sentinels", why);
}

bool redis_settings_read(struct redis_settings *settings,
	const struct schema_values *values, struct reason *why)
{
	const char *path = schema_text(values, "path");
	settings->servers.count = settings->sentinels.count = 0;
	settings->is_named = false;
	settings->database = schema_text(values, "database");
	settings->master = schema_count(values, "sentinels") > 0
				   ? schema_text(values, "master")
				   : NULL;
	(void)reason_set(&settings->unresolved, "no server is known");
	if (!read_secrets(settings, values, why)) {
		return false;
	}
	if (path) {
		read_path(settings, path);
	} else {
		read_nodes(
			settings, values, settings->master ? "sentinels" : "servers");
	}
	return true;
}

void redis_settings_clear(struct redis_settings *settings)
{
	explicit_bzero(settings->login.password, sizeof(settings->login.password));
	explicit_bzero(settings->sentinel_login.password,
		sizeof(settings->sentinel_login.password));
}
