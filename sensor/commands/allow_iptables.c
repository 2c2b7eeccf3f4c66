#include "commands/allow.h"

#include "matrix/sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MULTIPORT_MOST 15 /* a range counts as two */
#define REMARK_BYTES   400

/* One rule for both tools: iptables-restore takes "-4 ", ip6tables-restore "-6 ". */
static const char *family_of(const struct reach_range *range)
{
	return address_is_ipv4(&range->first) ? "-4" : "-6";
}

static void print_range(const struct reach_range *range, char side)
{
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	(void)address_text(&range->first, first);
	if (address_equal(&range->first, &range->last)) {
		(void)printf(" -%c %s", side, first);
		return;
	}
	(void)printf(" -m iprange --%s-range %s-%s", side == 's' ? "src" : "dst", first,
		address_text(&range->last, last));
}

/* As many of the ports from *index on as one rule takes. */
static void ports_of_rule(
	const struct reach_ports *ports, size_t *index, char text[128])
{
	size_t used = 0;
	unsigned count = 0;
	text[0] = '\0';
	for (; *index < ports->count; (*index)++) {
		const struct reach_port_range *range = &ports->list[*index];
		const bool is_range = range->last > range->first;
		if (count + 1 + is_range > MULTIPORT_MOST) {
			break;
		}
		used += (size_t)snprintf(text + used, 128 - used, "%s%u",
			count ? "," : "", range->first);
		if (is_range) {
			used += (size_t)snprintf(
				text + used, 128 - used, ":%u", range->last);
		}
		count += 1 + is_range;
	}
}

/* The destinations of a row have a chain of their own: sources and destinations add up. */
static void print_row(
	const struct allow *allow, const struct matrix_row *row, size_t number)
{
	struct reach_ports ports;
	struct reach from;
	struct reach to;
	char text[128];
	char remark[REMARK_BYTES];
	allow_remark(allow, row, remark, sizeof(remark));
	(void)printf("# %s: %s -> %s%s%s\n", row->id, sentence_end_name(&row->from),
		sentence_end_name(&row->to), remark[0] ? "; " : "", remark);
	if (allow_is_over(allow, row)) {
		return;
	}
	reach_of_ports(allow->matrix, row, &ports);
	reach_of_end(allow->matrix, &row->from, &from);
	reach_of_end(allow->matrix, &row->to, &to);
	if (ports.count == 0) {
		(void)puts(
			"# its ports are dealt out, and none of them is closed here");
	}
	for (size_t port = 0; port < ports.count;) {
		ports_of_rule(&ports, &port, text);
		for (size_t i = 0; i < from.count; i++) {
			(void)printf("%s -A MAILWARDEN-ROWS -p tcp",
				family_of(&from.list[i]));
			print_range(&from.list[i], 's');
			(void)printf(
				" -m multiport --dports %s -j MAILWARDEN-ROW-%zu\n",
				text, number);
		}
	}
	for (size_t i = 0; i < to.count; i++) {
		(void)printf(
			"%s -A MAILWARDEN-ROW-%zu", family_of(&to.list[i]), number);
		print_range(&to.list[i], 'd');
		(void)printf(" -m comment --comment \"%s\" -j ACCEPT\n", row->id);
	}
	reach_ports_free(&ports);
	reach_free(&from);
	reach_free(&to);
}

static void print_rest(const struct allow *allow)
{
	char text[128];
	size_t index = 0;
	struct reach_ports ports;
	reach_of_mail_ports(&ports);
	ports_of_rule(&ports, &index, text);
	reach_ports_free(&ports);
	(void)printf("# no row lets it by (R37)\n"
		     "-A MAILWARDEN-ROWS -p tcp -m multiport --dports %s -m limit "
		     "--limit 100/second --limit-burst 100 -j ",
		text);
	if (allow->log_group > 0) {
		(void)printf("NFLOG --nflog-group %" PRIu32
			     " --nflog-prefix \"" ALLOW_LOG_PREFIX "\"\n",
			allow->log_group - 1);
	} else {
		(void)puts("LOG --log-prefix \"" ALLOW_LOG_PREFIX "\"");
	}
	(void)printf("-A MAILWARDEN-ROWS -p tcp -m multiport --dports %s -m comment "
		     "--comment \"no row\" -j DROP\n",
		text);
}

void allow_iptables(const struct allow *allow)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(allow->matrix, &count);
	(void)puts(
		"# The rows of a mailwarden matrix, for iptables-restore --noflush and "
		"ip6tables-restore --noflush.\n"
		"# What a row lets by is accepted: rules in front of the jump still "
		"decide. Loaded twice there are two\n"
		"# jumps. Back out, likewise with ip6tables: iptables -D FORWARD -j "
		"MAILWARDEN-ROWS\n"
		"*filter\n"
		":MAILWARDEN-ROWS - [0:0]");
	for (size_t i = 0; i < count; i++) {
		(void)printf(":MAILWARDEN-ROW-%zu - [0:0]\n", i + 1);
	}
	(void)puts("-A MAILWARDEN-ROWS -m conntrack --ctstate ESTABLISHED,RELATED -j "
		   "RETURN");
	if (allow->is_local) {
		(void)puts("-A MAILWARDEN-ROWS -i lo -j RETURN\n"
			   "-A MAILWARDEN-ROWS -o lo -j RETURN");
	}
	for (size_t i = 0; i < count; i++) {
		print_row(allow, &rows[i], i + 1);
	}
	print_rest(allow);
	(void)fputs(allow->is_local ? "-A INPUT -j MAILWARDEN-ROWS\n"
				      "-A OUTPUT -j MAILWARDEN-ROWS\n"
				    : "",
		stdout);
	(void)puts("-A FORWARD -j MAILWARDEN-ROWS\n"
		   "COMMIT");
}
