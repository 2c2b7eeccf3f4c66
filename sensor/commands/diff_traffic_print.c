#include "commands/diff_print.h"
#include "commands/diff_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_S 1000000

/* "relay", or "relay (before internal)" */
static const char *end_text(const char *const names[2], char *text)
{
	const char *now = names[DIFFERENCE_NEW];
	const char *before = names[DIFFERENCE_OLD];
	(void)snprintf(text, DIFF_TEXT_BYTES,
		strcmp(now, before) == 0 ? "%s" : "%s (before %s)", now, before);
	return text;
}

/* "legitimate (row M-03)" */
static const char *verdict_text(const struct diff_flow *flow, int side, char *text)
{
	const struct matrix_row *row = flow->row[side];
	(void)snprintf(text, DIFF_TEXT_BYTES, row ? "%s (row %s)" : "%s",
		diff_verdict(flow, side), row ? row->id : "");
	return text;
}

/* "relay -> mx-out: smtp on port 25, now illegitimate, before legitimate (row M-30)" */
static const char *flow_text(const struct diff_flow *flow, char *text)
{
	char from[DIFF_TEXT_BYTES];
	char to[DIFF_TEXT_BYTES];
	char now[DIFF_TEXT_BYTES];
	char before[DIFF_TEXT_BYTES];
	(void)snprintf(text, DIFF_TEXT_BYTES,
		"%.500s -> %.500s: %s on port %u, now %.500s, before %.500s",
		end_text(flow->from, from), end_text(flow->to, to),
		protocol_name(flow->protocol), flow->port,
		verdict_text(flow, DIFFERENCE_NEW, now),
		verdict_text(flow, DIFFERENCE_OLD, before));
	return text;
}

/* "192.0.2.25 -> 198.51.100.2, 2026-01-31 12:00:00, monday.pcap" */
static const char *example_text(const struct diff_flow *flow, char *text)
{
	const time_t second = (time_t)(flow->start_us / US_PER_S);
	char client[ADDRESS_TEXT_BYTES];
	char server[ADDRESS_TEXT_BYTES];
	char day[32] = "";
	struct tm parts;
	if (gmtime_r(&second, &parts)) {
		(void)strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &parts);
	}
	(void)snprintf(text, DIFF_TEXT_BYTES, "%s -> %s, %s%s%.500s",
		address_text(&flow->client, client),
		address_text(&flow->server, server), day, flow->file ? ", " : "",
		flow->file ? flow->file : "");
	return text;
}

static char mark_of(const struct diff_flow *flow)
{
	if (flow->verdict[DIFFERENCE_NEW] == VERDICT_LEGITIMATE) {
		return '+';
	}
	return flow->verdict[DIFFERENCE_NEW] == VERDICT_ILLEGITIMATE ? '-' : '~';
}

static void print_group(const struct diff_flows *flows)
{
	char text[DIFF_TEXT_BYTES];
	(void)printf("%c %s: %" PRIu64 " flow%s\n", mark_of(*flows->list),
		flow_text(*flows->list, text), flows->flows,
		flows->flows == 1 ? "" : "s");
	for (size_t i = 0; i < flows->count && i < DIFF_TRAFFIC_EXAMPLES; i++) {
		(void)printf("    %s\n", example_text(flows->list[i], text));
	}
}

void diff_traffic_text(const struct diff_traffic *traffic)
{
	(void)printf("\nTraffic: %" PRIu64 " of %" PRIu64
		     " mail flows are judged otherwise.\n",
		traffic->flows_changed, traffic->flows_seen);
	for (size_t i = 0; i < traffic->group_count; i++) {
		print_group(&traffic->groups[i]);
	}
	if (traffic->is_partial) {
		(void)printf("There were more flows than are kept; those behind "
			     "the first %u were not compared.\n",
			DIFF_TRAFFIC_FLOWS);
	}
}

void diff_traffic_markdown(const struct diff_traffic *traffic)
{
	char text[DIFF_TEXT_BYTES];
	(void)printf("\n### Traffic: %" PRIu64 " of %" PRIu64
		     " mail flows are judged otherwise\n",
		traffic->flows_changed, traffic->flows_seen);
	if (traffic->is_partial) {
		(void)printf("\n**There were more; they were not compared.**\n");
	}
	if (traffic->group_count > 0) {
		(void)printf("\n| flows | what | for example |\n|---|---|---|\n");
	}
	for (size_t i = 0; i < traffic->group_count; i++) {
		const struct diff_flows *flows = &traffic->groups[i];
		(void)printf("| %" PRIu64 " | ", flows->flows);
		diff_put_escaped(flow_text(*flows->list, text));
		(void)printf(" | ");
		diff_put_escaped(example_text(*flows->list, text));
		(void)printf(" |\n");
	}
}

static void write_side(
	struct json_writer *writer, const struct diff_flow *flow, int side)
{
	json_object_open(writer, side == DIFFERENCE_OLD ? "old" : "new");
	json_text(writer, "verdict", diff_verdict(flow, side));
	if (flow->is_told[side]) {
		json_text(writer, "from", flow->from[side]);
		json_text(writer, "to", flow->to[side]);
	}
	if (flow->row[side]) {
		json_text(writer, "row", flow->row[side]->id);
	}
	json_object_close(writer);
}

static void write_example(struct json_writer *writer, const struct diff_flow *flow)
{
	char text[ADDRESS_TEXT_BYTES];
	json_object_open(writer, NULL);
	json_text(writer, "src_ip", address_text(&flow->client, text));
	json_text(writer, "dest_ip", address_text(&flow->server, text));
	json_time(writer, "start", flow->start_us);
	json_text(writer, "file", flow->file);
	json_object_close(writer);
}

void diff_traffic_json(struct json_writer *writer, const struct diff_traffic *traffic)
{
	json_object_open(writer, "traffic");
	json_number(writer, "flows", traffic->flows_seen);
	json_number(writer, "changed", traffic->flows_changed);
	json_bool(writer, "partial", traffic->is_partial);
	json_array_open(writer, "groups");
	for (size_t i = 0; i < traffic->group_count; i++) {
		const struct diff_flows *flows = &traffic->groups[i];
		const struct diff_flow *first = *flows->list;
		json_object_open(writer, NULL);
		json_number(writer, "flows", flows->flows);
		json_text(writer, "protocol", protocol_name(first->protocol));
		json_number(writer, "port", first->port);
		write_side(writer, first, DIFFERENCE_OLD);
		write_side(writer, first, DIFFERENCE_NEW);
		json_array_open(writer, "examples");
		for (size_t j = 0; j < flows->count && j < DIFF_TRAFFIC_EXAMPLES; j++) {
			write_example(writer, flows->list[j]);
		}
		json_array_close(writer);
		json_object_close(writer);
	}
	json_array_close(writer);
	json_object_close(writer);
}
