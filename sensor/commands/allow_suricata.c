#include "commands/allow.h"

#include "matrix/network.h"
#include "matrix/sentence.h"

#include <stdio.h>
#include <string.h>

#define SID_FIRST   1925000 /* of those that Suricata leaves to a site */
#define PORTS_BYTES ((size_t)512 * 1024)

/* "[192.0.2.0/25,2001:db8::5]" */
static void print_reach(const struct reach *reach)
{
	const char *between = "[";
	for (size_t i = 0; i < reach->count; i++) {
		const struct reach_range *range = &reach->list[i];
		struct network list[NETWORK_RANGE_MAX];
		char text[NETWORK_TEXT_BYTES];
		const size_t count = network_cover(&range->first, &range->last, list);
		for (size_t j = 0; j < count; j++) { /* NETWORK_RANGE_MAX */
			(void)printf("%s%s", between, network_text(&list[j], text));
			between = ",";
		}
	}
	(void)putchar(']');
}

static void print_row(
	const struct allow *allow, const struct matrix_row *row, size_t number)
{
	static char ports_text[PORTS_BYTES];
	char remark[400];
	struct reach_ports ports;
	struct reach from;
	struct reach to;
	allow_remark(allow, row, remark, sizeof(remark));
	(void)printf("# %s: %s -> %s%s%s\n", row->id, sentence_end_name(&row->from),
		sentence_end_name(&row->to), remark[0] ? "; " : "", remark);
	reach_of_ports(allow->matrix, row, &ports);
	reach_of_end(allow->matrix, &row->from, &from);
	reach_of_end(allow->matrix, &row->to, &to);
	if (!allow_is_over(allow, row) && ports.count > 0 && from.count > 0 &&
		to.count > 0) {
		(void)allow_ports_text(
			&ports, ",", ":", ports_text, sizeof(ports_text));
		(void)fputs("pass tcp ", stdout);
		print_reach(&from);
		(void)fputs(" any -> ", stdout);
		print_reach(&to);
		(void)printf(" [%s] (msg:\"mailwarden row %s\"; flow:to_server; "
			     "sid:%zu; rev:1;)\n",
			ports_text, row->id, SID_FIRST + number);
	}
	reach_ports_free(&ports);
	reach_free(&from);
	reach_free(&to);
}

void allow_suricata(const struct allow *allow)
{
	char text[256];
	size_t count;
	struct reach_ports ports;
	const struct matrix_row *rows = matrix_rows(allow->matrix, &count);
	(void)puts(
		"# The rows of a mailwarden matrix, for rule-files of suricata.yaml");
	for (size_t i = 0; i < count; i++) {
		print_row(allow, &rows[i], i + 1);
	}
	reach_of_mail_ports(&ports);
	(void)allow_ports_text(&ports, ",", ":", text, sizeof(text));
	reach_ports_free(&ports);
	(void)printf(
		"alert tcp any any -> any [%s] (msg:\"mailwarden no row lets it by "
		"(R37)\"; flow:to_server; flags:S,CE; sid:%d; rev:1;)\n",
		text, SID_FIRST);
}
