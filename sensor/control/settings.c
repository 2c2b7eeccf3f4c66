#include "control/settings.h"

#include "capture/shunt.h"
#include "engine/blindness.h"
#include "engine/engine.h"
#include "judge/record_rate.h"
#include "observed/kept.h"
#include "status/status.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is held fills no more than this part of a queue: the rest is for who is decided. */
#define HELD_SHARE 4

struct key {
	struct settings_key shown;
	bool (*set)(struct settings *settings, const struct key *key, const char *value,
		struct reason *why);
	size_t field;
	uint32_t least;
	uint32_t most;
};

static void *field_of(struct settings *settings, const struct key *key)
{
	return (unsigned char *)settings + key->field;
}

static bool set_text(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	const char **field = field_of(settings, key);
	if (value[0] == '\0') {
		return reason_set(why, "%s is empty", key->shown.name);
	}
	*field = value;
	return true;
}

static bool set_number(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	uint32_t *field = field_of(settings, key);
	char *end = NULL;
	errno = 0;
	const unsigned long number = strtoul(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || value[0] == '-' ||
		number < key->least || number > key->most) {
		return reason_set(why, "%s takes %u to %u, not \"%.40s\"",
			key->shown.name, key->least, key->most, value);
	}
	*field = (uint32_t)number;
	return true;
}

static bool add_text(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	struct settings_list *list = field_of(settings, key);
	if (list->count == SETTINGS_LIST_MAX) {
		return reason_set(why, "more than %d times %s", SETTINGS_LIST_MAX,
			key->shown.name);
	}
	if (value[0] == '\0') {
		return reason_set(why, "%s is empty", key->shown.name);
	}
	list->values[list->count++] = value;
	return true;
}

static bool add_interface(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	if (strlen(value) >= IF_NAMESIZE) {
		return reason_set(why, "\"%.40s\" is no name of an interface", value);
	}
	return add_text(settings, key, value, why);
}

bool settings_read_queues(
	const char *value, uint16_t *first, uint16_t *last, struct reason *why)
{
	char *end = NULL;
	errno = 0;
	const unsigned long low = strtoul(value, &end, 10);
	unsigned long high = low;
	if (end != value && *end == ':') {
		const char *rest = end + 1;
		high = strtoul(rest, &end, 10);
		end = end == rest ? NULL : end;
	}
	if (errno != 0 || !end || end == value || *end != '\0' || value[0] == '-' ||
		low > high || high > UINT16_MAX) {
		return reason_set(why,
			"queue takes a number or FIRST:LAST, 0 to 65535, not \"%.40s\"",
			value);
	}
	*first = (uint16_t)low;
	*last = (uint16_t)high;
	return true;
}

static bool add_queue(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	uint16_t first;
	uint16_t last;
	return settings_read_queues(value, &first, &last, why) &&
	       add_text(settings, key, value, why);
}

uint32_t settings_grace_s(const struct settings_policy *policy)
{
	return policy->is_expired_enforced ? 0 : policy->grace_days * 86400;
}

uint64_t settings_memory(const struct settings *settings)
{
	const uint64_t engine =
		engine_bytes(settings->flows, settings->flows / SETTINGS_WATCHED_SHARE);
	const uint64_t rings = (uint64_t)settings->ring_mib << 20;
	const bool is_shunting =
		settings_want_shunt(settings) &&
		(settings_workers(settings) == 1 || settings->interfaces.count == 1);
	const uint64_t shunt = is_shunting ? shunt_bytes() : 0;
	return settings_workers(settings) * (engine + shunt) +
	       settings->interfaces.count * rings;
}

uint32_t settings_workers(const struct settings *settings)
{
	struct reason why;
	uint32_t count = 0;
	for (size_t i = 0; i < settings->queues.count; i++) {
		uint16_t first = 0;
		uint16_t last = 0;
		(void)settings_read_queues(
			settings->queues.values[i], &first, &last, &why);
		count += (uint32_t)(last - first) + 1;
	}
	return count > 0 ? count : settings->workers;
}

bool settings_want_shunt(const struct settings *settings)
{
	return settings->is_shunt_wanted && settings->interfaces.count > 0;
}

uint16_t settings_queue(const struct settings *settings, uint32_t worker)
{
	struct reason why;
	for (size_t i = 0; i < settings->queues.count; i++) {
		uint16_t first = 0;
		uint16_t last = 0;
		(void)settings_read_queues(
			settings->queues.values[i], &first, &last, &why);
		if (worker <= (uint32_t)(last - first)) {
			return (uint16_t)(first + worker);
		}
		worker -= (uint32_t)(last - first) + 1;
	}
	return 0;
}

static bool set_action(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	return action_table_set(field_of(settings, key), value, why);
}

static bool set_ceiling(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	return ceiling_table_set(field_of(settings, key), value, why);
}

static bool set_flag(struct settings *settings, const struct key *key, bool value)
{
	bool *field = field_of(settings, key);
	*field = value;
	return true;
}

static bool set_yes_no(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	if (strcmp(value, "yes") == 0 || strcmp(value, "true") == 0) {
		return set_flag(settings, key, true);
	}
	if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0) {
		return set_flag(settings, key, false);
	}
	return reason_set(
		why, "%s takes yes or no, not \"%.40s\"", key->shown.name, value);
}

static bool set_mode(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	if (strcmp(value, "enforce") == 0) {
		return set_flag(settings, key, true);
	}
	if (strcmp(value, "audit") == 0) {
		return set_flag(settings, key, false);
	}
	return reason_set(why, "%s takes audit or enforce, not \"%.40s\"",
		key->shown.name, value);
}

static bool set_recheck(struct settings *settings, const struct key *key,
	const char *value, struct reason *why)
{
	static const char *const WORDS[] = {
		[SETTINGS_RECHECK_FORBIDDEN] = "forbidden",
		[SETTINGS_RECHECK_ALL] = "all",
		[SETTINGS_RECHECK_NONE] = "none",
	};
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (strcmp(value, WORDS[i]) == 0) {
			settings->policy.recheck = (enum settings_recheck)i;
			return true;
		}
	}
	return reason_set(why, "%s takes forbidden, all or none, not \"%.40s\"",
		key->shown.name, value);
}

#define FIELD(name) offsetof(struct settings, name)

static const struct key KEYS[] = {
	{{"matrix", 'm', "MATRIX", "flow matrix; repeat it to join several"}, add_text,
		FIELD(matrices), 0, 0},
	{{"interface", 'i', "IFACE", "watch this interface; repeatable"}, add_interface,
		FIELD(interfaces), 0, 0},
	{{"queue", 'q', "N[:M]", "decide on the packets of these NFQUEUEs"}, add_queue,
		FIELD(queues), 0, 0},
	{{"mode", 0, "audit|enforce", "inline: only report (default), or block"},
		set_mode, FIELD(policy.is_enforcing), 0, 0},
	{{"workers", 0, "N", "workers that share the interfaces (default 1)"},
		set_number, FIELD(workers), 1, 32},
	{{"user", 0, "USER", "run as this user (default mailwarden or nobody)"},
		set_text, FIELD(user), 0, 0},
	{{"state-dir", 0, "DIR", "records and status (default " SETTINGS_STATE_DIR ")"},
		set_text, FIELD(state_dir), 0, 0},
	{{"host", 0, "NAME", "name of the sensor in records"}, set_text, FIELD(host), 0,
		0},
	{{"table", 0, "FLOWS", "flow table entries of a worker (default 262144)"},
		set_number, FIELD(flows), 1024, UINT32_C(1) << 26},
	{{"silence", 0, "SECONDS", "alert when nothing came for so long (0: never)"},
		set_number, FIELD(silence_s), 0, 30 * 24 * 3600},
	{{"family-silence", 0, "SECONDS", "inline: the same of IPv4 or IPv6 alone"},
		set_number, FIELD(family_silence_s), 0, 30 * 24 * 3600},
	{{"blind-share", 0, "PERCENT", "alert when so much cannot be looked into"},
		set_number, FIELD(blind_share), 0, 100},
	{{"fold", 0, "SECONDS", "report repeats of a finding after so long"},
		set_number, FIELD(fold_s), 1, 30 * 24 * 3600},
	{{"alert-rate", 0, "[FINDING=]N", "most alerts of a finding a minute (0: any)"},
		set_ceiling, FIELD(ceilings), 0, 0},
	{{"record-rate", 0, "N", "most mail records of a sender a minute (0: any)"},
		set_number, FIELD(record_rate), 0, CEILING_MAX},
	{{"observed-pairs", 0, "N", "pairs of the observed matrix (default 262144)"},
		set_number, FIELD(observed_pairs), KEPT_PAIRS_LEAST, KEPT_PAIRS_MOST},
	{{"ring", 0, "MIB", "kernel's packet ring of an interface"}, set_number,
		FIELD(ring_mib), 1, 1024},
	{{"shunt", 0, "yes|no", "leave decided flows to the kernel (default no)"},
		set_yes_no, FIELD(is_shunt_wanted), 0, 0},
	{{"queue-length", 0, "N", "packets the kernel holds for a worker"}, set_number,
		FIELD(queue_length), 16, 65536},
	{{"action", 0, "FINDING=ACTION", "inline: accept, refuse, reject or drop"},
		set_action, FIELD(policy.actions), 0, 0},
	{{"hold", 0, "PACKETS", "inline: hold so many undecided ones (default 0)"},
		set_number, FIELD(hold_packets), 0, 4096},
	{{"hold-ms", 0, "MS", "inline: none of them longer (default 50)"}, set_number,
		FIELD(hold_ms), 1, 5000},
	{{"ban", 0, "SECONDS", "inline: keep a blocked sender out (default 0)"},
		set_number, FIELD(policy.ban_s), 0, 7 * 24 * 3600},
	{{"ban-declared", 0, "yes|no", "inline: also whom a row speaks of"}, set_yes_no,
		FIELD(policy.is_banning_declared), 0, 0},
	{{"expired", 0, "audit|enforce",
		 "inline: only report what a row's end forbids"},
		set_mode, FIELD(policy.is_expired_enforced), 0, 0},
	{{"grace", 0, "DAYS", "inline: so long behind the last day (default 7)"},
		set_number, FIELD(policy.grace_days), 1, 366},
	{{"recheck", 0, "forbidden|all|none", "inline: what a reload queues again"},
		set_recheck, FIELD(policy.recheck), 0, 0},
	{{"fail-closed", 0, "yes|no", "inline: what no worker looked at is dropped"},
		set_yes_no, FIELD(is_fail_closed), 0, 0},
	{{"checksums", 0, "yes|no", "ignore packets with wrong checksums"}, set_yes_no,
		FIELD(is_verifying_checksums), 0, 0},
	{{"ndpi", 0, "yes|no", "ask nDPI for a second opinion (default yes)"},
		set_yes_no, FIELD(is_second_opinion_wanted), 0, 0},
};
#define KEY_COUNT (sizeof(KEYS) / sizeof(KEYS[0]))

void settings_start(struct settings *settings)
{
	*settings = (struct settings){.workers = 1,
		.flows = UINT32_C(1) << 18,
		.silence_s = 0,
		.family_silence_s = 1800,
		.blind_share = BLINDNESS_SHARE_STANDARD,
		.fold_s = FOLD_WINDOW_S,
		.record_rate = RECORD_RATE_STANDARD,
		.observed_pairs = OBSERVED_ENTRIES,
		.ring_mib = 64,
		.queue_length = 4096,
		.hold_ms = 50,
		.policy = {.grace_days = 7},
		.is_second_opinion_wanted = true,
		.state_dir = SETTINGS_STATE_DIR,
		.journal = journal_limits_default()};
	settings_start_page(settings);
	action_table_start(&settings->policy.actions);
	ceiling_table_start(&settings->ceilings);
}

void settings_free(struct settings *settings)
{
	arena_free(&settings->texts);
}

const struct settings_key *settings_key(size_t index)
{
	return index < KEY_COUNT ? &KEYS[index].shown : NULL;
}

static bool is_list(const struct key *key)
{
	return key->set == add_text || key->set == add_interface ||
	       key->set == add_queue;
}

static bool is_same_text(const char *now, const char *next)
{
	return now == next || (now && next && strcmp(now, next) == 0);
}

static bool is_same_list(
	const struct settings_list *now, const struct settings_list *next)
{
	bool is_same = now->count == next->count;
	for (size_t i = 0; is_same && i < now->count; i++) {
		is_same = is_same_text(now->values[i], next->values[i]);
	}
	return is_same;
}

static bool is_of_policy(const struct key *key)
{
	return key->field >= FIELD(policy) &&
	       key->field < FIELD(policy) + sizeof(struct settings_policy);
}

static bool is_same(
	const struct key *key, const struct settings *now, const struct settings *next)
{
	const void *a = (const unsigned char *)now + key->field;
	const void *b = (const unsigned char *)next + key->field;
	if (is_of_policy(key) || key->field == FIELD(matrices)) {
		return true;
	}
	if (is_list(key)) {
		return is_same_list(a, b);
	}
	if (key->set == set_text) {
		return is_same_text(*(const char *const *)a, *(const char *const *)b);
	}
	if (key->set == set_ceiling) {
		return memcmp(a, b, sizeof(struct ceiling_table)) == 0;
	}
	return memcmp(a, b, key->set == set_number ? sizeof(uint32_t) : sizeof(bool)) ==
	       0;
}

static void add_name(char *text, size_t size, const char *name)
{
	const size_t len = strlen(text);
	(void)snprintf(text + len, size - len, "%s%s", len > 0 ? ", " : "", name);
}

const char *settings_differences(const struct settings *now,
	const struct settings *next, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!is_same(&KEYS[i], now, next)) {
			add_name(text, size, KEYS[i].shown.name);
		}
	}
	for (size_t i = 0; i < SETTINGS_SECTIONS; i++) {
		if (now->sections[i] != next->sections[i]) {
			add_name(text, size, settings_section_name(i));
		}
	}
	return text;
}

bool settings_set(
	struct settings *settings, size_t index, const char *value, struct reason *why)
{
	const struct key *key = &KEYS[index];
	if (is_list(key)) {
		struct settings_list *list = field_of(settings, key);
		if (list->is_of_file) {
			*list = (struct settings_list){.count = 0};
		}
	}
	return key->set(settings, key, value, why);
}

bool settings_set_of_file(
	struct settings *settings, size_t index, const char *value, struct reason *why)
{
	const struct key *key = &KEYS[index];
	if (is_list(key)) {
		struct settings_list *list = field_of(settings, key);
		list->is_of_file = true;
	}
	return key->set(settings, key, value, why);
}

bool settings_is_repeatable(size_t index)
{
	return is_list(&KEYS[index]) || KEYS[index].set == set_action ||
	       KEYS[index].set == set_ceiling;
}

bool settings_check(const struct settings *settings, struct reason *why)
{
	if (settings->matrices.count == 0) {
		return reason_set(why, "no matrix given (-m MATRIX)");
	}
	if (settings->interfaces.count == 0 && settings->queues.count == 0) {
		return reason_set(why, "nothing to watch (-i IFACE or -q QUEUE)");
	}
	return settings_agree(settings, why);
}

bool settings_agree(const struct settings *settings, struct reason *why)
{
	if (settings_workers(settings) > STATUS_WORKERS_MAX) {
		return reason_set(why, "more than %d queues", STATUS_WORKERS_MAX);
	}
	if (settings->interfaces.count > 0 && settings->queues.count > 0) {
		return reason_set(
			why, "either interfaces or queues, not both: run two sensors");
	}
	if (settings->hold_packets > settings->queue_length / HELD_SHARE) {
		return reason_set(why,
			"hold %u leaves no room in a queue-length of %u: hold at most "
			"%u, or set queue-length to %u or more",
			settings->hold_packets, settings->queue_length,
			settings->queue_length / HELD_SHARE,
			settings->hold_packets * HELD_SHARE);
	}
	return true;
}
