#include "control/health.h"

#include "base/clock.h"
#include "base/log.h"
#include "matrix/sentence.h"
#include "report/json.h"
#include "status/status_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define LOOK_US       UINT64_C(1000000)
#define AGAIN_US      UINT64_C(60000000)
#define STATS_US      UINT64_C(60000000)
#define BLIND_FOLD_US UINT64_C(3600000000)
#define US_PER_S      UINT64_C(1000000)

#define BANS_TOLD_A_LOOK 16
#define UNTIL_BYTES      24
#define WHEN_BYTES       64

#define FORWARDED_LEAST 100 /* packets: fewer are somebody's ping */

bool health_start(struct health *health, const struct sensor *sensor, unsigned place,
	struct reason *why)
{
	const uint64_t now_us = clock_monotonic_us();
	*health = (struct health){.sensor = sensor, .stats_us = now_us};
	for (unsigned i = 0; i < STATUS_PROCESSES_MAX; i++) {
		health->seen[i].arrived_us = now_us;
	}
	forwarded_open(&health->forwarded);
	return record_writer_start(&health->records, sensor, place, why);
}

static struct json_event next_event(struct health *health)
{
	return (struct json_event){.time_us = clock_realtime_us(),
		.host = health->sensor->host,
		.event_prefix = health->records.prefix,
		.sequence = ++health->sequence};
}

void health_alert(struct health *health, enum finding finding, unsigned place,
	const char *format, ...)
{
	char detail[BLINDNESS_TEXT_BYTES + 80];
	char name[STATUS_NAME_BYTES + 1];
	const struct status_process *process = sensor_process(health->sensor, place);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	(void)status_text(process->name, sizeof(process->name), name, sizeof(name));
	log_line(LOG_LEVEL_WARNING, name, "%s (%s)", detail, finding_row(finding)->id);
	const struct json_event event = next_event(health);
	const struct json_sensor_alert alert = {
		.finding = finding, .process = name, .detail = detail, .count = 1};
	json_sensor_alert(record_writer_begin(&health->records), &event, &alert);
	(void)record_writer_end(&health->records, SEVERITY_HIGH);
	health->sensor->page->alerts++;
	status_note_finding(sensor_process(health->sensor, SENSOR_SUPERVISOR), finding,
		finding_row(finding)->severity, 1);
}

void health_matrix(struct health *health, const struct json_matrix *matrix)
{
	const struct json_event event = next_event(health);
	json_matrix(record_writer_begin(&health->records), &event, matrix);
	(void)record_writer_end(&health->records, SEVERITY_HIGH);
}

static void write_stats(struct health *health, const struct status_process *process)
{
	struct counter counters[STATUS_COUNTERS_MAX];
	char names[STATUS_COUNTERS_MAX][STATUS_NAME_BYTES + 1];
	char name[STATUS_NAME_BYTES + 1];
	size_t count = process->counter_count;
	count = count < STATUS_COUNTERS_MAX ? count : STATUS_COUNTERS_MAX;
	for (size_t i = 0; i < count; i++) {
		const struct status_counter *counter = &process->counters[i];
		counters[i].name = status_text(counter->name, sizeof(counter->name),
			names[i], sizeof(names[i]));
		counters[i].value = counter->value;
	}
	if (count == 0) { /* it has not begun */
		return;
	}
	const struct json_event event = next_event(health);
	const struct json_stats stats = {.time_us = event.time_us,
		.host = event.host,
		.sequence = event.sequence,
		.event_prefix = event.event_prefix,
		.process = status_text(
			process->name, sizeof(process->name), name, sizeof(name)),
		.counters = counters,
		.counter_count = count};
	json_stats(record_writer_begin(&health->records), &stats);
	(void)record_writer_end(&health->records, SEVERITY_LOW);
}

void health_stats(struct health *health)
{
	const struct sensor *sensor = health->sensor;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		const struct status_process *process = sensor_process(sensor, i);
		log_line(LOG_LEVEL_INFO, process->name,
			"packets %" PRIu64 ", lost %" PRIu64 ", flows %" PRIu64
			", lag %" PRIu64 " us, restarts %" PRIu64
			", records refused %" PRIu64,
			process->packets, process->lost, process->flows,
			process->lag_us, process->restarts, process->refused);
		write_stats(health, process);
	}
}

/* Since the last look; a process that started anew counts from 0. */
static uint64_t growth(uint64_t now, uint64_t *before)
{
	const uint64_t grown = now >= *before ? now - *before : now;
	*before = now;
	return grown;
}

static void look_for_silence(
	struct health *health, unsigned place, uint64_t now_us, uint64_t arrived)
{
	struct health_process *seen = &health->seen[place];
	const uint64_t limit_us =
		(uint64_t)health->sensor->settings->silence_s * 1000000;
	if (arrived > 0) {
		if (seen->is_silent) {
			log_line(LOG_LEVEL_NOTICE,
				sensor_process(health->sensor, place)->name,
				"packets arrive again");
		}
		seen->is_silent = false;
		seen->arrived_us = now_us;
	} else if (limit_us > 0 && !seen->is_silent &&
		   now_us - seen->arrived_us >= limit_us) {
		seen->is_silent = true;
		health_alert(health, FINDING_SENSOR_QUEUE_SILENT, place,
			"no packet from %.60s for %" PRIu64 " s",
			sensor_process(health->sensor, place)->source,
			(now_us - seen->arrived_us) / 1000000);
	}
}

/* A queue is one worker's; of interfaces, which are all workers', one may well get nothing. */
static void look_for_silences(struct health *health, uint64_t now_us)
{
	const struct sensor *sensor = health->sensor;
	const bool is_inline = sensor->settings->queues.count > 0;
	uint64_t arrived = 0;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		const uint64_t its = growth(
			sensor_process(sensor, i)->packets, &health->seen[i].packets);
		arrived += its;
		if (is_inline) {
			look_for_silence(health, i, now_us, its);
		}
	}
	if (!is_inline) {
		look_for_silence(health, SENSOR_WORKERS, now_us, arrived);
	}
}

struct loss_kind {
	enum finding finding;
	const char *words;
};

/* What of total is to be told now: what was not told yet, once in a while. */
static uint64_t take_untold(
	const struct health *health, struct health_loss *loss, uint64_t total)
{
	if (total < loss->told) {
		loss->told = 0;
	}
	if (total == loss->told ||
		(loss->told_us != 0 && health->look_us - loss->told_us < AGAIN_US)) {
		return 0;
	}
	const uint64_t untold = total - loss->told;
	*loss = (struct health_loss){.told = total, .told_us = health->look_us};
	return untold;
}

static void look_for_loss(struct health *health, unsigned place,
	const struct loss_kind *kind, struct health_loss *loss, uint64_t total)
{
	const uint64_t untold = take_untold(health, loss, total);
	if (untold > 0) {
		health_alert(health, kind->finding, place, "%" PRIu64 " %s", untold,
			kind->words);
	}
}

static void look_at_worker(struct health *health, unsigned place)
{
	const struct status_process *process = sensor_process(health->sensor, place);
	struct health_process *seen = &health->seen[place];
	static const struct loss_kind PACKETS = {FINDING_SENSOR_PACKET_LOSS,
		"packets lost before the sensor could take them"};
	static const struct loss_kind RECORDS = {FINDING_SENSOR_JOURNAL_BOUND,
		"records had no room on the way to the journal"};
	static const struct loss_kind FULL = {FINDING_SENSOR_PACKET_LOSS,
		"times the queue was found full; what comes then is not seen"};
	static const struct loss_kind FLOWS = {FINDING_SENSOR_TABLE_FULL,
		"flows are not looked at, or no more, since the table is full"};
	static const struct loss_kind DROPPED = {FINDING_SENSOR_PACKET_LOSS,
		"packets were dropped that nobody looked at: the queue was full"};
	look_for_loss(health, place, &PACKETS, &seen->lost, process->lost);
	if (health->sensor->settings->is_fail_closed) {
		look_for_loss(health, place, &DROPPED, &seen->full, process->unseen);
	} else {
		look_for_loss(health, place, &FULL, &seen->full, process->queue_full);
	}
	look_for_loss(health, place, &RECORDS, &seen->refused, process->refused);
	look_for_loss(health, place, &FLOWS, &seen->crowded,
		status_counter_of(process, "flow.unwatched"));
}

static void look_at_journal(struct health *health, uint64_t now_us)
{
	const struct status_process *reporter =
		sensor_process(health->sensor, SENSOR_REPORTER);
	struct health_process *seen = &health->seen[SENSOR_REPORTER];
	static const struct loss_kind DROPPED = {FINDING_SENSOR_JOURNAL_BOUND,
		"bytes of records were dropped before an output had them"};
	look_for_loss(health, SENSOR_REPORTER, &DROPPED, &seen->lost, reporter->lost);
	if (reporter->is_down && health->down_us == 0) {
		health->down_us = now_us;
		health_alert(health, FINDING_SENSOR_OUTPUT_DOWN, SENSOR_REPORTER,
			"the journal takes no records; they wait in memory");
	} else if (!reporter->is_down) {
		health->down_us = 0;
	}
}

/* By the clock that people read, as far as that is right now. */
static const char *until_text(uint64_t left_us, char text[UNTIL_BYTES])
{
	const time_t until_s = (time_t)((clock_realtime_us() + left_us) / US_PER_S);
	struct tm parts;
	if (!gmtime_r(&until_s, &parts) ||
		strftime(text, UNTIL_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
		text[0] = '\0';
	}
	return text;
}

static void tell_ban(
	struct health *health, const struct ban_cause *cause, uint64_t left_us)
{
	char sender[ADDRESS_TEXT_BYTES];
	char server[ADDRESS_TEXT_BYTES];
	char until[UNTIL_BYTES];
	health_alert(health, FINDING_SENSOR_BANNED, SENSOR_SUPERVISOR,
		"%s is kept out until %s, for mail to %s port %u",
		address_text(&cause->address, sender), until_text(left_us, until),
		address_text(&cause->server, server), cause->server_port);
}

/* A bounded number of alerts a look: the others are told at the next ones. */
static void tell_bans(struct health *health)
{
	struct bans *bans = &health->sensor->page->bans;
	const uint64_t now_us = clock_boottime_us();
	const uint32_t given = bans->given;
	unsigned told = 0;
	for (size_t i = 0; given != health->bans_seen && i < BANS_PLACES; i++) {
		struct ban_cause cause;
		uint64_t until_us = 0;
		if (told == BANS_TOLD_A_LOOK) {
			return;
		}
		if (bans_take_untold(bans, i, now_us, &cause, &until_us)) {
			tell_ban(health, &cause, until_us - now_us);
			told++;
		}
	}
	health->bans_seen = given;
}

static void look_at_bans(struct health *health)
{
	const struct bans *bans = &health->sensor->page->bans;
	tell_bans(health);
	const uint64_t untold = take_untold(health, &health->bans, bans->refused);
	if (untold > 0) {
		log_line(LOG_LEVEL_WARNING, "bans",
			"no room for %" PRIu64 " more; who was blocked least often is "
			"let in again, and its flows are blocked one by one",
			untold);
	}
}

/* The worker that sees most of it: the alert names one. */
static unsigned blindest(const struct sensor *sensor)
{
	unsigned place = SENSOR_WORKERS;
	uint64_t most = 0;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		struct blindness sum = {0};
		status_blindness_of(sensor_process(sensor, i), &sum);
		const uint64_t frames = blindness_total(&sum).frames;
		if (frames > most) {
			most = frames;
			place = i;
		}
	}
	return place;
}

/* Of all workers together: what one of them gets is the kernel's choice. */
static void look_for_blindness(struct health *health)
{
	const struct settings *settings = health->sensor->settings;
	struct blindness sum;
	struct blindness minute;
	char text[BLINDNESS_TEXT_BYTES];
	status_blindness(health->sensor->page, &sum);
	const struct blindness_limits limits = {
		.share = settings->blind_share, .fold_us = BLIND_FOLD_US};
	const uint32_t minutes = blindness_watch_look(
		&health->blind, &sum, &limits, health->look_us, &minute);
	if (minutes > 0) {
		health_alert(health, FINDING_SENSOR_BLIND, blindest(health->sensor),
			"in a minute %s; such minutes since the last alert: %" PRIu32,
			blindness_text(&minute, text), minutes);
	}
}

static uint64_t arrived_of(const struct sensor *sensor, enum forwarded_family family)
{
	static const char *const COUNTERS[FORWARDED_FAMILIES] = {
		[FORWARDED_IPV4] = "inline.packets_ipv4",
		[FORWARDED_IPV6] = "inline.packets_ipv6"};
	uint64_t sum = 0;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		sum += status_counter_of(sensor_process(sensor, i), COUNTERS[family]);
	}
	return sum;
}

static void family_is_back(struct health *health, enum forwarded_family family)
{
	struct status_page *page = health->sensor->page;
	const uint32_t bit = UINT32_C(1) << family;
	if (page->families_unseen & bit) {
		log_line(LOG_LEVEL_NOTICE, "supervisor",
			"packets of %s come to the queues again",
			forwarded_name(family));
	}
	page->families_unseen &= ~bit;
}

/* What the rules hand over is but a part of what passes: a few packets prove nothing. */
static void family_is_away(struct health *health, enum forwarded_family family,
	uint64_t passed, uint64_t limit_us)
{
	struct status_page *page = health->sensor->page;
	const uint32_t bit = UINT32_C(1) << family;
	if (passed < FORWARDED_LEAST || (page->families_unseen & bit)) {
		return;
	}
	page->families_unseen |= bit;
	health_alert(health, FINDING_SENSOR_FAMILY_UNSEEN, SENSOR_SUPERVISOR,
		"no packet of %s came to a queue for %" PRIu64 " s, while %" PRIu64
		" passed through this host: are the rules "
		"loaded for it?",
		forwarded_name(family), limit_us / US_PER_S, passed);
}

static void look_for_family(struct health *health, enum forwarded_family family)
{
	struct health_family *seen = &health->families[family];
	const uint64_t limit_us =
		(uint64_t)health->sensor->settings->family_silence_s * US_PER_S;
	uint64_t forwarded = 0;
	if (limit_us == 0 || !forwarded_read(&health->forwarded, family, &forwarded)) {
		return;
	}
	const bool has_arrived =
		growth(arrived_of(health->sensor, family), &seen->arrived) > 0;
	if (has_arrived) {
		family_is_back(health, family);
	} else if (seen->since_us != 0 &&
		   health->look_us - seen->since_us >= limit_us) {
		family_is_away(
			health, family, growth(forwarded, &seen->forwarded), limit_us);
	} else if (seen->since_us != 0) {
		return; /* its time is not over */
	}
	seen->forwarded = forwarded;
	seen->since_us = health->look_us;
}

/* One half of the rules may be missing: those of iptables, or those of ip6tables. */
static void look_for_families(struct health *health)
{
	const bool is_inline = health->sensor->settings->queues.count > 0;
	for (int i = 0; is_inline && i < FORWARDED_FAMILIES; i++) {
		look_for_family(health, (enum forwarded_family)i);
	}
}

static void publish_endings(
	struct status_endings *endings, const struct matrix_expiry *expiry)
{
	endings->soon_count = (uint32_t)expiry->soon_count;
	endings->ended_count = (uint32_t)expiry->ended_count;
	endings->over_count = (uint32_t)expiry->over_count;
	if (expiry->next.end_s != 0) {
		(void)snprintf(
			endings->next, sizeof(endings->next), "%s", expiry->next.name);
	}
	if (expiry->ended.end_s != 0) {
		(void)snprintf(endings->ended, sizeof(endings->ended), "%s",
			expiry->ended.name);
	}
	endings->next_s = expiry->next.end_s;
	endings->ended_s = expiry->ended.end_s;
}

/* "expires in 6 days: its last day is" */
static const char *when_text(
	int64_t days, enum matrix_expiry_stage stage, char text[WHEN_BYTES])
{
	if (stage == MATRIX_EXPIRY_STAGE_OVER) {
		(void)snprintf(text, WHEN_BYTES,
			"has expired, and its grace is over: its last day was");
	} else if (stage == MATRIX_EXPIRY_STAGE_END) {
		(void)snprintf(text, WHEN_BYTES, "has expired: its last day was");
	} else if (days < 2) {
		(void)snprintf(text, WHEN_BYTES, "expires %s: its last day is",
			days == 1 ? "in a day" : "within a day");
	} else {
		(void)snprintf(text, WHEN_BYTES,
			"expires in %" PRId64 " days: its last day is", days);
	}
	return text;
}

/* So that what its end alone forbids is blocked some time. */
static bool is_blocking(const struct sensor *sensor)
{
	return sensor->page->is_inline &&
	       matrix_store_policy(sensor->store, sensor->page->matrix)->is_enforcing;
}

static uint32_t grace_s_of(const struct sensor *sensor)
{
	return is_blocking(sensor) ? settings_grace_s(matrix_store_policy(
					     sensor->store, sensor->page->matrix))
				   : 0;
}

/* Until when what a row allowed goes by; "" where nothing is blocked. */
static const char *grace_text(const struct sensor *sensor,
	const struct matrix_ending *ending, enum matrix_expiry_stage stage,
	char text[WHEN_BYTES])
{
	char day[SENTENCE_DAY_BYTES];
	const int64_t grace_s = grace_s_of(sensor);
	text[0] = '\0';
	if (!is_blocking(sensor) || ending->is_audited) {
		return text;
	}
	if (stage == MATRIX_EXPIRY_STAGE_OVER) {
		(void)snprintf(text, WHEN_BYTES, "; what it allowed is blocked");
	} else if (grace_s == 0) {
		(void)snprintf(text, WHEN_BYTES, "; behind that it is blocked");
	} else {
		(void)snprintf(text, WHEN_BYTES, "; let by until %s",
			sentence_last_day(ending->end_s + grace_s, day));
	}
	return text;
}

static void tell_endings(struct health *health, enum matrix_ending_kind kind,
	const struct matrix_expiry_news *news, enum matrix_expiry_stage stage,
	int64_t now_s)
{
	const struct matrix_ending *first = &news->first;
	const bool is_row = kind == MATRIX_ENDING_ROW;
	char day[SENTENCE_DAY_BYTES];
	char when[WHEN_BYTES];
	char grace[WHEN_BYTES] = "";
	char more[WHEN_BYTES] = "";
	if (news->count > 1) {
		(void)snprintf(more, sizeof(more), "; and %zu more", news->count - 1);
	}
	health_alert(health, FINDING_SENSOR_ROW_EXPIRING, SENSOR_SUPERVISOR,
		"%s %.71s %s %s%s%s", is_row ? "row" : "acceptance of", first->name,
		when_text(matrix_expiry_days(first->end_s, now_s), stage, when),
		sentence_last_day(first->end_s, day),
		is_row ? grace_text(health->sensor, first, stage, grace) : "", more);
}

static void look_at_endings(struct health *health, const struct matrix *matrix,
	enum matrix_ending_kind kind)
{
	struct status_page *page = health->sensor->page;
	const int64_t now_s = (int64_t)(clock_realtime_us() / US_PER_S);
	const struct matrix_endings endings = {
		matrix, kind, grace_s_of(health->sensor)};
	struct matrix_expiry expiry;
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT];
	matrix_expiry_look(&endings, now_s, &expiry);
	publish_endings(&page->endings[kind], &expiry);
	matrix_expiry_take_news(&endings, now_s, &page->endings_told, news);
	for (int i = 0; i < MATRIX_EXPIRY_STAGE_COUNT; i++) {
		if (news[i].count > 0) {
			tell_endings(health, kind, &news[i],
				(enum matrix_expiry_stage)i, now_s);
		}
	}
}

/* Once a minute, and at once what of another matrix ends. */
static void look_at_matrix(struct health *health)
{
	const struct sensor *sensor = health->sensor;
	const uint32_t generation = sensor->page->matrix;
	if (generation == 0 || (generation == health->rows_seen &&
				       health->look_us - health->rows_us < AGAIN_US)) {
		return;
	}
	health->rows_seen = generation;
	health->rows_us = health->look_us;
	const struct matrix *matrix = matrix_store_matrix(sensor->store, generation);
	for (int kind = 0; kind < MATRIX_ENDING_COUNT; kind++) {
		look_at_endings(health, matrix, (enum matrix_ending_kind)kind);
	}
}

static void write_stats_in_time(struct health *health, uint64_t now_us)
{
	const struct sensor *sensor = health->sensor;
	if (now_us - health->stats_us < STATS_US) {
		return;
	}
	health->stats_us = now_us;
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		write_stats(health, sensor_process(sensor, i));
	}
}

void health_look(struct health *health, uint64_t now_us)
{
	if (now_us - health->look_us < LOOK_US) {
		return;
	}
	health->look_us = now_us;
	for (unsigned i = SENSOR_WORKERS; i < health->sensor->workers_end; i++) {
		look_at_worker(health, i);
	}
	look_for_silences(health, now_us);
	look_at_journal(health, now_us);
	look_at_bans(health);
	look_for_blindness(health);
	look_for_families(health);
	look_at_matrix(health);
	write_stats_in_time(health, now_us);
}
