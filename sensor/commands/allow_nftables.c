#include "commands/allow.h"

#include "matrix/sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PORTS_BYTES  ((size_t)512 * 1024) /* 65535 ports have room */
#define NAME_BYTES   96
#define REMARK_BYTES 400

/* An end's own set: letters and digits of its name, and which it is. */
static const char *set_name(const struct allow *allow, const struct matrix_end *end,
	const char *family, char *name)
{
	size_t count;
	const char *written = sentence_end_name(end);
	const size_t index =
		end->group ? (size_t)(end->group - matrix_groups(allow->matrix, &count))
			   : (size_t)(end->zone - matrix_zones(allow->matrix, &count));
	size_t used = (size_t)snprintf(
		name, NAME_BYTES, "%c%zu_", end->group ? 'g' : 'z', index);
	for (; *written != '\0' && used < NAME_BYTES - 4; written++) {
		const char c = *written;
		const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				     (c >= '0' && c <= '9');
		name[used++] = '_';
		if (is_word) {
			name[used - 1] = c;
		}
	}
	(void)snprintf(name + used, NAME_BYTES - used, "_%s", family);
	return name;
}

static bool is_ipv4(const struct reach_range *range)
{
	return address_is_ipv4(&range->first);
}

static size_t count_of(const struct reach *reach, bool wants_ipv4)
{
	size_t count = 0;
	for (size_t i = 0; i < reach->count; i++) {
		count += is_ipv4(&reach->list[i]) == wants_ipv4;
	}
	return count;
}

static void print_set(const struct allow *allow, const struct matrix_end *end,
	const struct reach *reach, bool wants_ipv4)
{
	char name[NAME_BYTES];
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	const char *between = "\t\telements = {";
	(void)printf("\tset %s {\n"
		     "\t\ttype %s\n"
		     "\t\tflags interval\n",
		set_name(allow, end, wants_ipv4 ? "4" : "6", name),
		wants_ipv4 ? "ipv4_addr" : "ipv6_addr");
	for (size_t i = 0; i < reach->count; i++) {
		const struct reach_range *range = &reach->list[i];
		if (is_ipv4(range) != wants_ipv4) {
			continue;
		}
		(void)printf("%s %s", between, address_text(&range->first, first));
		if (!address_equal(&range->first, &range->last)) {
			(void)printf("-%s", address_text(&range->last, last));
		}
		between = ",\n\t\t\t";
	}
	(void)fputs(count_of(reach, wants_ipv4) > 0 ? " }\n\t}\n" : "\t}\n", stdout);
}

static void print_end(const struct allow *allow, const struct matrix_end *end)
{
	struct reach reach;
	reach_of_end(allow->matrix, end, &reach);
	(void)printf("\t# %s", sentence_end_name(end));
	for (size_t i = 0; end->group && i < end->group->name_count; i++) {
		(void)printf("%s%s", i ? ", " : ", by name: ", end->group->names[i]);
	}
	(void)putchar('\n');
	print_set(allow, end, &reach, true);
	print_set(allow, end, &reach, false);
	reach_free(&reach);
}

static bool is_same(const struct matrix_end *a, const struct matrix_end *b)
{
	return a->group == b->group && (a->group || a->zone == b->zone);
}

/* Some row names it. */
static bool is_used(const struct allow *allow, const struct matrix_end *end)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(allow->matrix, &count);
	for (size_t i = 0; i < count; i++) {
		if (is_same(&rows[i].from, end) || is_same(&rows[i].to, end)) {
			return true;
		}
	}
	return false;
}

static void print_ends(const struct allow *allow)
{
	size_t count;
	const struct matrix_zone *zones = matrix_zones(allow->matrix, &count);
	for (size_t i = 0; i < count; i++) {
		const struct matrix_end end = {.zone = &zones[i]};
		if (is_used(allow, &end)) {
			print_end(allow, &end);
		}
	}
	const struct matrix_group *groups = matrix_groups(allow->matrix, &count);
	for (size_t i = 0; i < count; i++) {
		const struct matrix_end end = {.group = &groups[i]};
		if (is_used(allow, &end)) {
			print_end(allow, &end);
		}
	}
}

static void print_row(const struct allow *allow, const struct matrix_row *row)
{
	static char ports_text[PORTS_BYTES];
	static const char *const FAMILIES[] = {"4", "6"};
	char remark[REMARK_BYTES];
	char from[NAME_BYTES];
	char to[NAME_BYTES];
	struct reach_ports ports;
	reach_of_ports(allow->matrix, row, &ports);
	allow_remark(allow, row, remark, sizeof(remark));
	(void)printf("\t\t# %s: %s -> %s%s%s\n", row->id, sentence_end_name(&row->from),
		sentence_end_name(&row->to), remark[0] ? "; " : "", remark);
	if (ports.count == 0) {
		(void)puts("\t\t# its ports are dealt out, and none of them is closed "
			   "here");
	}
	(void)allow_ports_text(&ports, ", ", "-", ports_text, sizeof(ports_text));
	for (int i = 0; i < 2 && ports.count > 0 && !allow_is_over(allow, row); i++) {
		const char *ip = i == 0 ? "ip" : "ip6";
		(void)printf("\t\t%s saddr @%s %s daddr @%s tcp dport { %s } counter "
			     "accept comment \"%s\"\n",
			ip, set_name(allow, &row->from, FAMILIES[i], from), ip,
			set_name(allow, &row->to, FAMILIES[i], to), ports_text,
			row->id);
	}
	reach_ports_free(&ports);
}

static void print_hook(const char *hook, const char *but)
{
	(void)printf("\tchain %s {\n"
		     "\t\ttype filter hook %s priority filter; policy accept;\n"
		     "\t\t%sjump rows\n"
		     "\t}\n",
		hook, hook, but);
}

static void print_rest(const struct allow *allow)
{
	char text[256];
	char group[32] = "";
	struct reach_ports ports;
	reach_of_mail_ports(&ports);
	(void)allow_ports_text(&ports, ", ", "-", text, sizeof(text));
	reach_ports_free(&ports);
	if (allow->log_group > 0) {
		(void)snprintf(
			group, sizeof(group), " group %" PRIu32, allow->log_group - 1);
	}
	(void)printf("\t\t# no row lets it by (R37)\n"
		     "\t\ttcp dport { %s } limit rate 100/second burst 100 packets "
		     "log prefix \"" ALLOW_LOG_PREFIX "\"%s\n"
		     "\t\ttcp dport { %s } counter drop comment \"no row\"\n"
		     "\t}\n",
		text, group, text);
}

void allow_nftables(const struct allow *allow)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(allow->matrix, &count);
	(void)puts(
		"# The rows of a mailwarden matrix, for nft -f. Back out: nft delete "
		"table inet mailwarden_rows\n"
		"table inet mailwarden_rows\n"
		"delete table inet mailwarden_rows\n"
		"table inet mailwarden_rows {");
	print_ends(allow);
	(void)puts("\tchain rows {\n"
		   "\t\tct state established,related accept");
	for (size_t i = 0; i < count; i++) {
		print_row(allow, &rows[i]);
	}
	print_rest(allow);
	print_hook("forward", "");
	if (allow->is_local) {
		print_hook("input", "iif != lo ");
		print_hook("output", "oif != lo ");
	}
	(void)puts("}");
}
