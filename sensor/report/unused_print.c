#include "report/unused_print.h"

#include "matrix/sentence.h"
#include "report/json_writer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define US_PER_S   1000000
#define DATE_BYTES 16

/* "2026-11-29" */
static const char *date_text(uint64_t time_us, char *text)
{
	const time_t time = (time_t)(time_us / US_PER_S);
	struct tm parts;
	if (gmtime_r(&time, &parts) == NULL ||
		strftime(text, DATE_BYTES, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "?", sizeof("?"));
	}
	return text;
}

static void print_last(const struct unused_item *item, FILE *out)
{
	char date[DATE_BYTES];
	if (item->last_us > 0) {
		(void)fprintf(out, ": last on %s", date_text(item->last_us, date));
	} else {
		(void)fputs(": never seen", out);
	}
	if (item->proof == UNUSED_EDITED) {
		(void)fputs("; its file was edited since", out);
	}
}

/* The end, as the group that would do. */
static void print_narrow(const struct unused_item *item, FILE *out)
{
	(void)fprintf(out, "    %s: {addresses: [", item->end == 0 ? "from" : "to");
	for (size_t i = 0; i < item->narrow_count; i++) {
		char text[NETWORK_TEXT_BYTES];
		(void)fprintf(out, "%s%s", i ? ", " : "",
			network_text(&item->narrow[i], text));
	}
	(void)fputs("]}\n", out);
}

static void print_wide(const struct unused_item *item, FILE *out)
{
	char list[SENTENCE_LIST_BYTES];
	if (item->narrow_count == 0) {
		(void)fprintf(out, ": of its protocols only %s is used\n",
			sentence_protocols(item->protocols, "and", list));
		return;
	}
	(void)fprintf(out,
		": %" PRIu32 " of %.0f addresses of %s use it; these would do\n",
		item->hosts, item->addresses,
		sentence_end_name(item->end == 0 ? &item->row->from : &item->row->to));
	print_narrow(item, out);
}

static void print_item(const struct unused_item *item, FILE *out)
{
	char name[SENTENCE_ROW_BYTES];
	char member[MATRIX_MEMBER_BYTES];
	(void)fprintf(out, "  %s:%u: ", item->place.file, item->place.line);
	switch (item->kind) {
	case UNUSED_ROW:
		if (item->is_whole_row) {
			(void)fprintf(out, "row %s", item->row->id);
		} else {
			(void)fprintf(out, "%s", sentence_row(item->row, name));
		}
		break;
	case UNUSED_GROUP:
		(void)fprintf(out, "group %s", item->group->name);
		break;
	case UNUSED_MEMBER:
		(void)fprintf(out, "%s of group %s",
			matrix_member_text(item->member, member), item->group->name);
		break;
	default:
		(void)fprintf(out, "%s", sentence_row(item->row, name));
		print_wide(item, out);
		return;
	}
	print_last(item, out);
	(void)fputc('\n', out);
}

static size_t count_of(const struct unused *unused, enum unused_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < unused->count; i++) {
		count += unused->items[i].kind == kind;
	}
	return count;
}

static void print_kind(const struct unused *unused, enum unused_kind kind, FILE *out)
{
	static const char *const HEADINGS[UNUSED_KINDS] = {
		[UNUSED_ROW] = "Rows without a flow",
		[UNUSED_GROUP] = "Groups without a flow",
		[UNUSED_MEMBER] = "Members of other groups without a flow",
		[UNUSED_WIDE] = "Rows far wider than their use",
	};
	if (count_of(unused, kind) == 0) {
		return;
	}
	(void)fprintf(out, "\n%s\n", HEADINGS[kind]);
	for (size_t i = 0; i < unused->count; i++) {
		const struct unused_item *item = &unused->items[i];
		if (item->kind == kind) {
			print_item(item, out);
		}
	}
}

static void print_head(const struct unused *unused, unsigned days, FILE *out)
{
	char first[DATE_BYTES];
	char last[DATE_BYTES];
	if (unused->last_us == 0) {
		(void)fputs("No flow was seen: nothing can be said of use.\n", out);
		return;
	}
	(void)fprintf(out,
		"Without a flow for %u day%s before %s; looked at since %s.\n", days,
		days == 1 ? "" : "s", date_text(unused->last_us, last),
		date_text(unused->first_us, first));
	if (unused->is_young) {
		(void)fputs(
			"That is too young to tell: nothing below is proven.\n", out);
	}
	if (unused->is_partial) {
		(void)fputs("Some of what was seen was given up for want of room: it "
			    "may be "
			    "what is missed here.\n",
			out);
	}
	if (unused->count == 0) {
		(void)fputs("All rows, groups and members are in use.\n", out);
	}
}

void unused_print_text(const struct unused *unused, unsigned days, FILE *out)
{
	print_head(unused, days, out);
	for (int kind = 0; kind < UNUSED_KINDS && unused->last_us > 0; kind++) {
		print_kind(unused, (enum unused_kind)kind, out);
	}
}

static void write_narrow(struct json_writer *writer, const struct unused_item *item)
{
	json_text(writer, "end", item->end == 0 ? "from" : "to");
	json_number(writer, "hosts", item->hosts);
	json_number(writer, "addresses",
		item->addresses < 0x1p63 ? (uint64_t)item->addresses : UINT64_MAX);
	json_array_open(writer, "narrower");
	for (size_t i = 0; i < item->narrow_count; i++) {
		char text[NETWORK_TEXT_BYTES];
		json_text(writer, NULL, network_text(&item->narrow[i], text));
	}
	json_array_close(writer);
}

static void write_item(struct json_writer *writer, const struct unused_item *item)
{
	char member[MATRIX_MEMBER_BYTES];
	json_object_open(writer, NULL);
	json_text(writer, "kind", unused_kind_word(item->kind));
	json_text(writer, "proof", unused_proof_word(item->proof));
	json_text(writer, "file", item->place.file);
	json_number(writer, "line", item->place.line);
	if (item->row) {
		json_text(writer, "row", item->row->id);
		if (!item->is_whole_row) {
			json_text(writer, "from", sentence_end_name(&item->row->from));
			json_text(writer, "to", sentence_end_name(&item->row->to));
		}
	}
	if (item->group) {
		json_text(writer, "group", item->group->name);
	}
	if (item->member) {
		json_text(writer, "member", matrix_member_text(item->member, member));
	}
	if (item->narrow_count > 0) {
		write_narrow(writer, item);
	}
	if (item->protocols != 0) {
		char list[SENTENCE_LIST_BYTES];
		json_text(writer, "protocols_used",
			sentence_protocols(item->protocols, "and", list));
	}
	if (item->last_us > 0) {
		json_time(writer, "last", item->last_us);
	}
	json_object_close(writer);
}

void unused_print_json(const struct unused *unused, unsigned days, FILE *out)
{
	struct json_writer writer = {.out = out};
	json_object_open(&writer, NULL);
	json_number(&writer, "days", days);
	if (unused->last_us > 0) {
		json_time(&writer, "first", unused->first_us);
		json_time(&writer, "last", unused->last_us);
	}
	json_bool(&writer, "young", unused->is_young);
	json_bool(&writer, "partial", unused->is_partial);
	json_number(&writer, "proven", unused->proven);
	json_array_open(&writer, "items");
	for (size_t i = 0; i < unused->count; i++) {
		write_item(&writer, &unused->items[i]);
	}
	json_array_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}
