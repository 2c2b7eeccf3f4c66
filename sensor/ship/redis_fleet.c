#include "ship/redis_fleet.h"

#include "base/clock.h"
#include "base/document.h"
#include "ship/redis_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_US   UINT64_C(60000000)
#define MASTERS_MAX 1024
#define SCAN_COUNT  "1000"

/* One after the other is asked; what they say is taken from the answers. */
struct reading {
	struct fleet *fleet;
	struct redis_session *session;
	const char *prefix;
	char top[24];
};

struct masters {
	size_t count;
	struct redis_node list[MASTERS_MAX];
};

/* One more name, in a list that grows with them; false without memory. */
static bool add_name(struct fleet_counts *counts, const char *name, uint64_t count)
{
	if (counts->count == counts->room) {
		const size_t room = counts->room > 0 ? 2 * counts->room : 8;
		struct fleet_count *list =
			reallocarray(counts->list, room, sizeof(*list));
		if (!list) {
			return false;
		}
		counts->list = list;
		counts->room = room;
	}
	struct fleet_count *one = &counts->list[counts->count++];
	(void)snprintf(one->name, sizeof(one->name), "%s", name);
	one->count = count;
	return true;
}

static bool add_count(struct fleet_counts *counts, const char *name, uint64_t count)
{
	for (size_t i = 0; i < counts->count; i++) {
		if (strcmp(counts->list[i].name, name) == 0) {
			counts->list[i].count += count;
			return true;
		}
	}
	return counts->count >= FLEET_COUNTS_MAX || add_name(counts, name, count);
}

uint64_t fleet_count_of(const struct fleet_counts *counts, const char *name)
{
	for (size_t i = 0; i < counts->count; i++) {
		if (strcmp(counts->list[i].name, name) == 0) {
			return counts->list[i].count;
		}
	}
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct fleet_count *one = (const struct fleet_count *)a;
	const struct fleet_count *two = (const struct fleet_count *)b;
	if (one->count != two->count) {
		return one->count < two->count ? 1 : -1;
	}
	return strcmp(one->name, two->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fleet_sensor *)a)->name,
		((const struct fleet_sensor *)b)->name);
}

static void sort(struct fleet_counts *counts)
{
	if (counts->count > 0) {
		qsort(counts->list, counts->count, sizeof(counts->list[0]), by_count);
	}
}

static bool is_out_of_memory(struct reason *why)
{
	return reason_set(why, "no memory for all that it answers");
}

/* Name, number, name, number ... of a hash or a sorted set. */
static bool read_counts(const struct reading *reading, const char **words,
	struct fleet_counts *counts, struct reason *why)
{
	struct redis_answer *answer = redis_session_ask(reading->session, words, why);
	if (!answer) {
		return false;
	}
	bool is_kept = true;
	for (size_t i = 0; i + 1 < redis_answer_count(answer) && is_kept; i += 2) {
		const char *name = redis_answer_text(redis_answer_item(answer, i));
		const int64_t count =
			redis_answer_number(redis_answer_item(answer, i + 1));
		const bool is_place = name && strncmp(name, "place:", 6) == 0;
		is_kept = !name || is_place || count <= 0 ||
			  add_count(counts, name, (uint64_t)count);
	}
	redis_answer_free(answer);
	sort(counts);
	return is_kept || is_out_of_memory(why);
}

/* The sign of life is there until it expires. */
static bool read_alive(const struct reading *reading, const char *key,
	struct fleet_sensor *sensor, struct reason *why)
{
	const char *words[] = {"GET", key, NULL};
	struct redis_answer *answer = redis_session_ask(reading->session, words, why);
	if (!answer) {
		return false;
	}
	struct document document;
	const char *text = redis_answer_text(answer);
	sensor->is_alive = text != NULL;
	if (text && document_parse(&document, text, strlen(text))) {
		(void)document_number(&document, "time", &sensor->time_s);
		document_free(&document);
	}
	redis_answer_free(answer);
	return true;
}

static bool read_senders(const struct reading *reading, const char *key,
	struct fleet_sensor *sensor, struct reason *why)
{
	const char *words[] = {"PFCOUNT", key, NULL};
	struct redis_answer *answer = redis_session_ask(reading->session, words, why);
	if (!answer) {
		return false;
	}
	sensor->senders = (uint64_t)redis_answer_number(answer);
	redis_answer_free(answer);
	return true;
}

static bool read_sensor(
	const struct reading *reading, struct fleet_sensor *sensor, struct reason *why)
{
	struct redis_keys keys;
	char totals[REDIS_KEY_BYTES];
	char findings[REDIS_KEY_BYTES];
	char top[REDIS_KEY_BYTES];
	char senders[REDIS_KEY_BYTES];
	char alive[REDIS_KEY_BYTES];
	if (!redis_keys_name(&keys, reading->prefix, sensor->name)) {
		return true; /* none of our names: found by chance */
	}
	redis_keys_full(&keys, REDIS_KEY_TOTALS, totals);
	redis_keys_full(&keys, REDIS_KEY_FINDINGS, findings);
	redis_keys_full(&keys, REDIS_KEY_TOP, top);
	redis_keys_full(&keys, REDIS_KEY_SENDERS, senders);
	redis_keys_full(&keys, REDIS_KEY_ALIVE, alive);
	sensor->slot = redis_slot(alive, strlen(alive));
	const char *of_totals[] = {"HGETALL", totals, NULL};
	const char *of_findings[] = {"HGETALL", findings, NULL};
	const char *of_top[] = {
		"ZREVRANGE", top, "0", reading->top, "WITHSCORES", NULL};
	return read_counts(reading, of_totals, &sensor->totals, why) &&
	       read_counts(reading, of_findings, &sensor->findings, why) &&
	       read_counts(reading, of_top, &sensor->top, why) &&
	       read_senders(reading, senders, sensor, why) &&
	       read_alive(reading, alive, sensor, why);
}

/* While a slot moves, two nodes may have keys of one sensor. */
static bool add_sensor(struct fleet *fleet, const char *name, size_t len)
{
	struct fleet_sensor *sensor;
	for (size_t i = 0; i < fleet->count; i++) {
		sensor = &fleet->sensors[i];
		if (strlen(sensor->name) == len &&
			memcmp(sensor->name, name, len) == 0) {
			return true;
		}
	}
	if (len >= FLEET_NAME_BYTES || fleet->count >= FLEET_SENSORS_MAX) {
		return true; /* no sensor of ours has such a name */
	}
	if (fleet->count == fleet->room) {
		const size_t room = fleet->room > 0 ? 2 * fleet->room : 16;
		sensor = reallocarray(fleet->sensors, room, sizeof(*sensor));
		if (!sensor) {
			return false;
		}
		fleet->sensors = sensor;
		fleet->room = room;
	}
	sensor = &fleet->sensors[fleet->count++];
	memset(sensor, 0, sizeof(*sensor));
	memcpy(sensor->name, name, len);
	return true;
}

/* "prefix:{NAME}:totals" */
static bool take_key(const struct reading *reading, const char *key)
{
	const size_t before = strlen(reading->prefix) + 2;
	const char *end =
		key && strlen(key) > before ? strchr(key + before, '}') : NULL;
	return !end || strcmp(end, "}:" REDIS_KEY_TOTALS) != 0 ||
	       add_sensor(reading->fleet, key + before, (size_t)(end - key) - before);
}

/* One step of SCAN; cursor is then that of the next. */
static bool scan_some(const struct reading *reading, const char *pattern,
	char cursor[24], struct reason *why)
{
	const char *words[] = {
		"SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT, NULL};
	struct redis_answer *answer = redis_session_ask(reading->session, words, why);
	if (!answer) {
		return false;
	}
	bool is_taken = true;
	const struct redis_answer *keys = redis_answer_item(answer, 1);
	const char *next = redis_answer_text(redis_answer_item(answer, 0));
	(void)snprintf(cursor, 24, "%s", next ? next : "0");
	for (size_t i = 0; i < redis_answer_count(keys) && is_taken; i++) {
		is_taken = take_key(
			reading, redis_answer_text(redis_answer_item(keys, i)));
	}
	redis_answer_free(answer);
	return is_taken || is_out_of_memory(why);
}

static bool scan(const struct reading *reading, struct reason *why)
{
	char pattern[REDIS_KEY_BYTES];
	char cursor[24] = "0";
	(void)snprintf(
		pattern, sizeof(pattern), "%s:{*}:" REDIS_KEY_TOTALS, reading->prefix);
	do { /* a server may never come to its end: the time does */
		if (clock_monotonic_us() >= reading->session->end_us) {
			return reason_set(why, "its list of keys does not end");
		}
		if (!scan_some(reading, pattern, cursor, why)) {
			return false;
		}
	} while (strcmp(cursor, "0") != 0);
	return true;
}

static void add_master(struct masters *masters, const char *host, int64_t port)
{
	for (size_t i = 0; i < masters->count; i++) {
		if (strcmp(masters->list[i].host, host) == 0 &&
			masters->list[i].port == (unsigned)port) {
			return;
		}
	}
	if (masters->count < MASTERS_MAX) {
		struct redis_node *node = &masters->list[masters->count++];
		(void)snprintf(node->host, sizeof(node->host), "%s", host);
		node->port = (unsigned)port;
	}
}

/* All masters of a cluster; none where it is no cluster. */
static bool find_masters(
	const struct reading *reading, struct masters *masters, struct reason *why)
{
	const char *words[] = {"CLUSTER", "SLOTS", NULL};
	struct redis_answer *answer = redis_session_ask(reading->session, words, why);
	masters->count = 0;
	if (!answer) {
		return strstr(why->text, "cluster support disabled") != NULL;
	}
	for (size_t i = 0; i < redis_answer_count(answer); i++) {
		const struct redis_answer *node =
			redis_answer_item(redis_answer_item(answer, i), 2);
		const char *host = redis_answer_text(redis_answer_item(node, 0));
		const int64_t port = redis_answer_number(redis_answer_item(node, 1));
		if (port > 0 && port <= 65535) {
			add_master(masters,
				host && host[0] != '\0' && host[0] != '?'
					? host
					: reading->session->link.node.host,
				port);
		}
	}
	redis_answer_free(answer);
	return true;
}

static bool find_sensors(const struct reading *reading, struct reason *why)
{
	static struct masters masters; /* too large for the stack */
	if (!find_masters(reading, &masters, why)) {
		return false;
	}
	if (masters.count == 0) {
		return scan(reading, why);
	}
	for (size_t i = 0; i < masters.count; i++) {
		redis_session_close(reading->session);
		reading->session->moved = masters.list[i];
		if (!scan(reading, why)) {
			return false;
		}
	}
	return true;
}

static bool add_up(struct fleet_counts *sum, const struct fleet_counts *counts)
{
	bool is_kept = true;
	for (size_t i = 0; i < counts->count && is_kept; i++) {
		is_kept = add_count(sum, counts->list[i].name, counts->list[i].count);
	}
	return is_kept;
}

bool fleet_read(struct fleet *fleet, struct redis_session *session, const char *prefix,
	unsigned top, struct reason *why)
{
	struct reading reading = {.fleet = fleet, .session = session, .prefix = prefix};
	memset(fleet, 0, sizeof(*fleet));
	(void)snprintf(reading.top, sizeof(reading.top), "%u", top - 1);
	session->end_us = clock_monotonic_us() + BUDGET_US;
	if (!find_sensors(&reading, why)) {
		return false;
	}
	if (fleet->count > 0) {
		qsort(fleet->sensors, fleet->count, sizeof(*fleet->sensors), by_name);
	}
	for (size_t i = 0; i < fleet->count; i++) {
		struct fleet_sensor *sensor = &fleet->sensors[i];
		if (clock_monotonic_us() >= session->end_us) {
			return reason_set(why, "it is too slow");
		}
		if (!read_sensor(&reading, sensor, why)) {
			return false;
		}
		if (!add_up(&fleet->sum.totals, &sensor->totals) ||
			!add_up(&fleet->sum.findings, &sensor->findings) ||
			!add_up(&fleet->sum.top, &sensor->top)) {
			return is_out_of_memory(why);
		}
	}
	sort(&fleet->sum.totals);
	sort(&fleet->sum.findings);
	sort(&fleet->sum.top);
	return true;
}

static void free_counts(struct fleet_sensor *sensor)
{
	free(sensor->totals.list);
	free(sensor->findings.list);
	free(sensor->top.list);
}

void fleet_free(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		free_counts(&fleet->sensors[i]);
	}
	free_counts(&fleet->sum);
	free(fleet->sensors);
	memset(fleet, 0, sizeof(*fleet));
}
