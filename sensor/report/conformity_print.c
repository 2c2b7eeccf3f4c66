#include "report/conformity_print.h"

#include "base/columns.h"
#include "matrix/acceptance.h"
#include "report/human_text.h"
#include "report/json_parts.h"
#include "report/json_sensor.h"

#include <inttypes.h>

#define US_PER_S    1e6
#define US_PER_HOUR 3600e6
#define WORDS_AT    28 /* the column behind a verdict */
#define WORST_AT    57 /* that behind the counts */
#define SIGHT_AT    12 /* that behind what was seen */

static const char *const VERDICTS[] = {
	[CONFORMITY_NOT_OBSERVABLE] = "not observable",
	[CONFORMITY_CONFORM] = "conform",
	[CONFORMITY_BREACHED] = "breached",
	[CONFORMITY_ACCEPTED] = "accepted",
};

static void print_example(const struct conformity_example *example, FILE *out)
{
	char from[ADDRESS_TEXT_BYTES];
	char to[ADDRESS_TEXT_BYTES];
	char time[HUMAN_TIME_BYTES];
	char text[400];
	const bool is_ipv4 = address_is_ipv4(&example->server);
	(void)snprintf(text, sizeof(text),
		"%s, %s: %s (%s) -> %s%s%s:%u (%s) at %s UTC",
		finding_row(example->finding)->id, example->protocol,
		address_text(&example->client, from),
		example->from != NULL ? example->from : "?", is_ipv4 ? "" : "[",
		address_text(&example->server, to), is_ipv4 ? "" : "]",
		example->server_port, example->to != NULL ? example->to : "?",
		human_time(example->time_us, time));
	human_wrap(out, text);
}

/* ": 30 with bytes missing, 7 in one direction only" behind what text holds. */
static void add_unseen(const struct conformity_line *line, char *text, size_t size)
{
	const char *between = ": ";
	for (int i = 0; i < SEEN_COUNT; i++) {
		const size_t len = strlen(text);
		if (line->unseen[i] > 0) {
			(void)snprintf(text + len, size - len, "%s%" PRIu64 " %s",
				between, line->unseen[i], seen_words((enum seen)i));
			between = ", ";
		}
	}
}

/* What of its flows nobody saw. */
static void print_unseen(const struct conformity_line *line, FILE *out)
{
	const uint64_t unseen = conformity_unseen(line);
	char text[400];
	if (unseen > 0) {
		(void)snprintf(text, sizeof(text),
			"%" PRIu64 " of %" PRIu64 " flows were not seen far enough",
			unseen, line->observed + unseen);
		add_unseen(line, text, sizeof(text));
		human_wrap(out, text);
	}
	if (line->certificates < line->in_tls) {
		(void)snprintf(text, sizeof(text),
			"of %" PRIu64 " flows in TLS %" PRIu64
			" showed a certificate; those of the others are unknown",
			line->in_tls, line->certificates);
		human_wrap(out, text);
	}
}

/* R36: whether what comes from the Internet is ever turned away. */
static void print_policy(const struct conformity *conformity, FILE *out)
{
	const struct conformity_policy policy = conformity_policy(conformity);
	char text[160];
	if (!conformity_has_policy(&policy)) {
		return;
	}
	if (policy.refusals + policy.deferrals == 0) {
		(void)snprintf(text, sizeof(text),
			"messages from the Internet in clear: %" PRIu64
			"; the sensor saw no refusal and no deferral",
			policy.messages);
	} else {
		(void)snprintf(text, sizeof(text),
			"messages from the Internet in clear: %" PRIu64
			", refusals %" PRIu64 ", deferrals %" PRIu64,
			policy.messages, policy.refusals, policy.deferrals);
	}
	human_wrap(out, text);
}

static void print_worst(const struct conformity_line *line, FILE *out)
{
	char text[160] = "";
	if (line->worst != NULL) {
		(void)fputs("  ", out);
		(void)snprintf(text, sizeof(text), "%s (%" PRIu64 ")", line->worst->id,
			line->worst_breaches);
	}
	columns_wrap(out, text, WORST_AT, HUMAN_INDENT);
}

/* By whom and why; of several the first. */
static void print_accepted(const struct conformity_line *line, FILE *out)
{
	char words[ACCEPTANCE_TEXT_BYTES];
	char text[ACCEPTANCE_TEXT_BYTES + 64];
	if (line->accepted > 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64 " accepted, first by %s",
			line->accepted, acceptance_text(line->accepted_by, words));
		human_wrap(out, text);
	}
}

static void print_line(const struct conformity *conformity,
	enum conformity_subject subject, FILE *out, bool use_colour)
{
	static const char *const COLOURS[] = {"", "\x1b[32m", "\x1b[31m", "\x1b[33m"};
	const enum conformity_verdict verdict = conformity_verdict(conformity, subject);
	const struct conformity_line line = conformity_line(conformity, subject);
	(void)fprintf(out, "  %-9s %s%-15s%s", conformity_name(subject),
		use_colour ? COLOURS[verdict] : "", VERDICTS[verdict],
		use_colour && verdict != CONFORMITY_NOT_OBSERVABLE ? "\x1b[0m" : "");
	if (verdict == CONFORMITY_NOT_OBSERVABLE) {
		(void)fputc(' ', out);
		columns_wrap(out, conformity_missing(conformity, subject), WORDS_AT,
			WORDS_AT);
		print_unseen(&line, out);
		return;
	}
	(void)fprintf(out, "%9" PRIu64 " %9" PRIu64 " %8" PRIu64, line.observed,
		line.breaches, line.notices);
	print_worst(&line, out);
	if (line.example.severity != SEVERITY_NONE) {
		print_example(&line.example, out);
	} else {
		print_unseen(&line, out);
	}
	print_accepted(&line, out);
}

/* Verdicts are of what was seen; this is what was not. */
static void print_blindness(const struct blindness *blindness, FILE *out)
{
	char text[BLINDNESS_TEXT_BYTES];
	if (blindness_total(blindness).frames > 0) {
		columns_say(out, SIGHT_AT, "  %-9s %s\n", "not seen",
			blindness_text(blindness, text));
	}
}

static void print_reach(const struct conformity_reach *reach, FILE *out)
{
	const double us = (double)(reach->last_us - reach->first_us);
	const bool is_long = us >= US_PER_HOUR;
	char first[HUMAN_TIME_BYTES];
	char last[HUMAN_TIME_BYTES];
	if (reach->flows > 0) {
		columns_say(out, SIGHT_AT,
			"  %-9s %" PRIu64 " mail flow%s in %.*f %s, %" PRIu64
			" of them in both directions, from %s to %s UTC\n",
			"seen", reach->flows, reach->flows == 1 ? "" : "s",
			is_long ? 2 : 0, us / (is_long ? US_PER_HOUR : US_PER_S),
			is_long ? "hours" : "s", reach->both_way,
			human_time(reach->first_us, first),
			human_time(reach->last_us, last));
	}
	if (reach->given_up > 0) {
		columns_say(out, SIGHT_AT,
			"  %-9s %" PRIu64 " flows, for want of room\n", "given up",
			reach->given_up);
	}
}

void conformity_print(const struct conformity *conformity, FILE *out, bool use_colour)
{
	(void)fprintf(out, "%s%-27s%9s %9s %8s  %s%s\n", use_colour ? "\x1b[1m" : "",
		"Recommendations", "flows", "breaches", "notices",
		"worst row (breaches)", use_colour ? "\x1b[0m" : "");
	for (int subject = 0; subject < CONFORMITY_SUBJECTS; subject++) {
		print_line(
			conformity, (enum conformity_subject)subject, out, use_colour);
		if (subject == CONFORMITY_R36) {
			print_policy(conformity, out);
		}
	}
	const struct conformity_reach reach = conformity_reach(conformity);
	print_reach(&reach, out);
	print_blindness(conformity_blindness(conformity), out);
}

static void write_example(
	struct json_writer *writer, const struct conformity_example *example)
{
	char text[ADDRESS_TEXT_BYTES];
	if (example->severity == SEVERITY_NONE) {
		json_text(writer, "example", NULL);
		return;
	}
	json_object_open(writer, "example");
	json_time(writer, "timestamp", example->time_us);
	json_text(writer, "finding", finding_row(example->finding)->id);
	json_number(writer, "severity", example->severity);
	json_text(writer, "src_ip", address_text(&example->client, text));
	json_number(writer, "src_port", example->client_port);
	json_text(writer, "dest_ip", address_text(&example->server, text));
	json_number(writer, "dest_port", example->server_port);
	json_text(writer, "app_proto", example->protocol);
	json_text(writer, "from_group", example->from);
	json_text(writer, "to_group", example->to);
	json_object_close(writer);
}

static void write_unseen(struct json_writer *writer, const struct conformity_line *line)
{
	json_object_open(writer, "unseen");
	json_number(writer, "flows", conformity_unseen(line));
	for (int i = SEEN_ENOUGH + 1; i < SEEN_COUNT; i++) {
		json_number(writer, seen_key((enum seen)i), line->unseen[i]);
	}
	json_object_close(writer);
	json_number(writer, "tls_flows", line->in_tls);
	json_number(writer, "certificates", line->certificates);
}

static void write_reach(
	struct json_writer *writer, const struct conformity_reach *reach)
{
	json_object_open(writer, "seen");
	json_number(writer, "flows", reach->flows);
	json_number(writer, "both_directions", reach->both_way);
	json_number(writer, "given_up", reach->given_up);
	if (reach->flows > 0) {
		json_time(writer, "start", reach->first_us);
		json_time(writer, "end", reach->last_us);
	}
	json_object_close(writer);
}

void json_conformity_policy(
	struct json_writer *writer, const struct conformity *conformity)
{
	const struct conformity_policy policy = conformity_policy(conformity);
	json_object_open(writer, "from_internet");
	json_number(writer, "messages", policy.messages);
	json_number(writer, "refusals", policy.refusals);
	json_number(writer, "deferrals", policy.deferrals);
	json_object_close(writer);
}

static void write_line(struct json_writer *writer, const struct conformity *conformity,
	enum conformity_subject subject)
{
	const enum conformity_verdict verdict = conformity_verdict(conformity, subject);
	const struct conformity_line line = conformity_line(conformity, subject);
	json_object_open(writer, NULL);
	json_text(writer, "recommendation", conformity_name(subject));
	json_text(writer, "verdict",
		verdict == CONFORMITY_NOT_OBSERVABLE ? "not_observable"
						     : VERDICTS[verdict]);
	json_text(writer, "reason",
		verdict == CONFORMITY_NOT_OBSERVABLE
			? conformity_missing(conformity, subject)
			: NULL);
	json_number(writer, "flows", line.observed);
	write_unseen(writer, &line);
	json_number(writer, "breaches", line.breaches);
	json_number(writer, "notices", line.notices);
	json_number(writer, "accepted", line.accepted);
	json_text(writer, "accepted_by",
		line.accepted_by != NULL ? line.accepted_by->by : NULL);
	json_text(writer, "worst_row", line.worst != NULL ? line.worst->id : NULL);
	json_number(writer, "worst_row_breaches", line.worst_breaches);
	if (subject == CONFORMITY_R36) {
		json_conformity_policy(writer, conformity);
	}
	write_example(writer, &line.example);
	json_object_close(writer);
}

void conformity_json(
	const struct conformity *conformity, FILE *out, const struct json_stats *stats)
{
	struct json_writer writer = {.out = out};
	json_write_event(&writer, "conformity", stats->time_us, stats->event_prefix,
		stats->sequence);
	json_text(&writer, "host", stats->host);
	json_array_open(&writer, "conformity");
	for (int subject = 0; subject < CONFORMITY_SUBJECTS; subject++) {
		write_line(&writer, conformity, (enum conformity_subject)subject);
	}
	json_array_close(&writer);
	const struct conformity_reach reach = conformity_reach(conformity);
	write_reach(&writer, &reach);
	json_blindness(&writer, conformity_blindness(conformity));
	json_object_close(&writer);
	json_line_end(&writer);
}
