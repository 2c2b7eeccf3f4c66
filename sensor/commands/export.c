#include "commands/command.h"

#include "control/gate.h"
#include "control/status.h"
#include "matrix/matrix.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MATRICES_MAX 32

static const char HELP[] =
	"Usage: mailwarden export --to iptables|nftables --inline [OPTION...]\n"
	"\n"
	"Write the rules that hand TCP and name look-ups passing through this host to\n"
	"`mailwarden run -q` and take decided flows out of the queue again. A flow\n"
	"that will not be blocked any more does not wait: copies of its packets go\n"
	"to NFLOG group 3725 + the queue's number (not with more than 16 queues).\n"
	"\n"
	"      --to FORMAT        iptables (iptables-restore, ip6tables-restore) or "
	"nftables\n"
	"      --inline           the rules for an inline sensor\n"
	"      --queue N[:M]      queue numbers, one worker each (default 0)\n"
	"      --fail-closed      without a sensor nothing passes (default: all does)\n"
	"  -m, --matrix FILE      check this matrix first; repeatable\n"
	"  -h, --help             this text\n"
	"\n"
	"Examples:\n"
	"  mailwarden export --to iptables --inline --queue 0:1 > rules\n"
	"  iptables-restore --noflush < rules; ip6tables-restore --noflush < rules\n"
	"  mailwarden export --to nftables --inline | nft -f -\n";

enum { OPTION_TO = 256, OPTION_INLINE, OPTION_QUEUE, OPTION_FAIL_CLOSED };

static const struct option OPTIONS[] = {
	{"to", required_argument, NULL, OPTION_TO},
	{"inline", no_argument, NULL, OPTION_INLINE},
	{"queue", required_argument, NULL, OPTION_QUEUE},
	{"fail-closed", no_argument, NULL, OPTION_FAIL_CLOSED},
	{"matrix", required_argument, NULL, 'm'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct export
{
	const struct format *format;
	const char *matrices[MATRICES_MAX];
	size_t matrix_count;
	uint16_t first;
	uint16_t last;
	bool is_inline;
	bool is_fail_closed;
};

/* Where their numbers cannot be told apart in a mark, flows stay in the queue. */
static bool has_groups(const struct export *export)
{
	return export->last - export->first < GATE_MARK_GROUPS;
}

static void print_iptables_copies(const struct export *export)
{
	if (!has_groups(export)) {
		return;
	}
	(void)puts(
		"# one of which nothing will be blocked goes on, and the sensor gets "
		"copies");
	for (uint32_t i = export->first; i <= export->last; i++) {
		const uint32_t mark = GATE_MARK_COPIED | GATE_MARK_GROUP(i);
		(void)printf("-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32
			     "/0x%" PRIx32 " -j NFLOG --nflog-group %u\n",
			mark, GATE_MARK_COPIED_MASK, GATE_LOG_GROUP(i));
	}
	(void)printf("-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j RETURN\n",
		GATE_MARK_COPIED, GATE_MARK_COPIED);
}

static void print_iptables_save(uint32_t mark, uint32_t mask)
{
	(void)printf("-A MAILWARDEN-SAVE -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j CONNMARK --save-mark --nfmask 0x%" PRIx32
		     " --ctmask 0x%" PRIx32 "\n",
		mark, mark, mask, mask);
}

static void print_iptables(const struct export *export)
{
	char queue[64];
	(void)snprintf(queue, sizeof(queue),
		export->first == export->last ? "--queue-num %u"
					      : "--queue-balance %u:%u",
		export->first, export->last);
	const char *bypass = export->is_fail_closed ? "" : " --queue-bypass";
	(void)printf(
		"# mailwarden inline, for iptables-restore --noflush and "
		"ip6tables-restore --noflush.\n"
		"# Loaded twice there are two jumps. Back out, likewise with "
		"ip6tables:\n"
		"#   while iptables -t mangle -D FORWARD -j MAILWARDEN; do :; done\n"
		"#   while iptables -t mangle -D POSTROUTING -j MAILWARDEN-SAVE; do "
		":; done\n"
		"#   iptables -t mangle -F MAILWARDEN; "
		"iptables -t mangle -X MAILWARDEN\n"
		"#   iptables -t mangle -F MAILWARDEN-SAVE; "
		"iptables -t mangle -X MAILWARDEN-SAVE\n"
		"*mangle\n"
		":MAILWARDEN - [0:0]\n"
		":MAILWARDEN-SAVE - [0:0]\n"
		"# a decided flow is not seen again, but for its end\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -m tcp --tcp-flags FIN,RST NONE -j RETURN\n"
		"# what the sensor itself sends to end a connection\n"
		"-A MAILWARDEN -m mark --mark 0x%" PRIx32 "/0x%" PRIx32 " -j RETURN\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED, GATE_MARK_INJECTED,
		GATE_MARK_INJECTED);
	print_iptables_copies(export);
	(void)printf("-A MAILWARDEN -p tcp -j NFQUEUE %s%s\n"
		     "# look-ups of mail servers\n"
		     "-A MAILWARDEN -p udp -m udp --dport 53 -j NFQUEUE %s%s\n"
		     "# the sensor marks a packet of a decided flow: keep it with the "
		     "flow\n",
		queue, bypass, queue, bypass);
	print_iptables_save(GATE_MARK_PASSED, GATE_MARK_PASSED);
	if (has_groups(export)) {
		print_iptables_save(GATE_MARK_COPIED, GATE_MARK_COPIED_MASK);
	}
	(void)fputs(
		"# Only what passes through is queued, so the sensor's own records, "
		"sent "
		"from this host, are not.\n"
		"-A FORWARD -j MAILWARDEN\n"
		"-A POSTROUTING -j MAILWARDEN-SAVE\n"
		"COMMIT\n",
		stdout);
}

static void print_nftables_copies(const struct export *export)
{
	if (!has_groups(export)) {
		return;
	}
	(void)puts("\t\t# one of which nothing will be blocked goes on, and the sensor "
		   "gets copies");
	for (uint32_t i = export->first; i <= export->last; i++) {
		const uint32_t mark = GATE_MARK_COPIED | GATE_MARK_GROUP(i);
		(void)printf("\t\tmeta l4proto tcp ct mark and 0x%" PRIx32
			     " == 0x%" PRIx32 " log group %u return\n",
			GATE_MARK_COPIED_MASK, mark, GATE_LOG_GROUP(i));
	}
}

static void print_nftables_save(const struct export *export)
{
	for (uint32_t i = export->first; has_groups(export) && i <= export->last; i++) {
		const uint32_t mark = GATE_MARK_COPIED | GATE_MARK_GROUP(i);
		(void)printf("\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32
			     " ct mark set ct mark and 0x%" PRIx32 " or 0x%" PRIx32
			     "\n",
			GATE_MARK_COPIED_MASK, mark, ~GATE_MARK_COPIED_MASK, mark);
	}
}

static void print_nftables(const struct export *export)
{
	char queue[32];
	(void)snprintf(queue, sizeof(queue),
		export->first == export->last ? "%u" : "%u-%u", export->first,
		export->last);
	const char *bypass = export->is_fail_closed ? "" : "flags bypass ";
	(void)printf("# mailwarden inline, for nft -f. Back out: nft delete table inet "
		     "mailwarden\n"
		     "table inet mailwarden\n"
		     "delete table inet mailwarden\n"
		     "table inet mailwarden {\n"
		     "\tchain forward {\n"
		     "\t\ttype filter hook forward priority mangle; policy accept;\n"
		     "\t\t# a decided flow is not seen again, but for its end\n"
		     "\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " tcp flags & (fin | rst) == 0x0 return\n"
		     "\t\t# what the sensor itself sends to end a connection\n"
		     "\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32 " return\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED, GATE_MARK_INJECTED,
		GATE_MARK_INJECTED);
	print_nftables_copies(export);
	(void)printf(
		"\t\tmeta l4proto tcp queue %sto %s\n"
		"\t\t# look-ups of mail servers\n"
		"\t\tudp dport 53 queue %sto %s\n"
		"\t}\n"
		"\tchain save {\n"
		"\t\ttype filter hook postrouting priority mangle; policy accept;\n"
		"\t\t# the sensor marks a packet of a decided flow: keep it with "
		"the flow\n"
		"\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32
		" ct mark set ct mark or 0x%" PRIx32 "\n",
		bypass, queue, bypass, queue, GATE_MARK_PASSED, GATE_MARK_PASSED,
		GATE_MARK_PASSED);
	print_nftables_save(export);
	(void)fputs("\t}\n"
		    "\t# Only what passes through is queued, so the sensor's own "
		    "records, sent from this host, are not.\n"
		    "}\n",
		stdout);
}

struct format {
	const char *name;
	void (*print)(const struct export *export);
};

static const struct format FORMATS[] = {
	{"iptables", print_iptables},
	{"nftables", print_nftables},
};

static int usage_error(const char *text, const char *value)
{
	(void)fprintf(stderr,
		"mailwarden export: %s%s%s\nTry 'mailwarden export --help'.\n", text,
		value ? ": " : "", value ? value : "");
	return COMMAND_USAGE;
}

static int set_format(struct export *export, const char *name)
{
	for (size_t i = 0; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++) {
		if (strcmp(FORMATS[i].name, name) == 0) {
			export->format = &FORMATS[i];
			return COMMAND_OK;
		}
	}
	return usage_error("--to takes iptables or nftables, not", name);
}

static int set_queues(struct export *export, const char *value)
{
	char *end = NULL;
	errno = 0;
	const unsigned long first = strtoul(value, &end, 10);
	unsigned long last = first;
	if (end != value && *end == ':') {
		last = strtoul(end + 1, &end, 10);
	}
	if (errno != 0 || end == value || *end != '\0' || value[0] == '-' ||
		first > last || last > UINT16_MAX) {
		return usage_error(
			"--queue takes a number or FIRST:LAST, 0 to 65535, not", value);
	}
	if (last - first >= STATUS_WORKERS_MAX) {
		return usage_error("--queue: more than 64 queues in", value);
	}
	export->first = (uint16_t)first;
	export->last = (uint16_t)last;
	return COMMAND_OK;
}

static int set_option(struct export *export, int option, const char *value)
{
	switch (option) {
	case OPTION_TO:
		return set_format(export, value);
	case OPTION_INLINE:
		export->is_inline = true;
		return COMMAND_OK;
	case OPTION_QUEUE:
		return set_queues(export, value);
	case OPTION_FAIL_CLOSED:
		export->is_fail_closed = true;
		return COMMAND_OK;
	case 'm':
		if (export->matrix_count == MATRICES_MAX) {
			return usage_error("more matrix files than 32", NULL);
		}
		export->matrices[export->matrix_count++] = value;
		return COMMAND_OK;
	default:
		return usage_error("unknown option or missing value", NULL);
	}
}

static bool is_matrix_right(const struct export *export)
{
	if (export->matrix_count == 0) {
		return true;
	}
	struct matrix_problems problems = {0};
	struct matrix *matrix =
		matrix_load(export->matrices, export->matrix_count, &problems);
	const bool is_right = matrix != NULL;
	for (size_t i = 0; i < problems.count; i++) {
		(void)fprintf(stderr, "%s\n", problems.list[i].text);
	}
	matrix_problems_free(&problems);
	matrix_free(matrix);
	return is_right;
}

static int run(int argc, char **argv)
{
	struct export export = {.format = NULL};
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "m:h", OPTIONS, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(HELP, stdout);
			return COMMAND_OK;
		}
		const int code = set_option(&export, option, optarg);
		if (code != COMMAND_OK) {
			return code;
		}
	}
	if (optind < argc) {
		return usage_error("takes options only", argv[optind]);
	}
	if (!export.format || !export.is_inline) {
		return usage_error("--to FORMAT and --inline are needed", NULL);
	}
	if (!is_matrix_right(&export)) {
		return COMMAND_USAGE;
	}
	export.format->print(&export);
	return COMMAND_OK;
}

const struct command COMMAND_EXPORT = {
	.name = "export",
	.summary = "write the firewall rules for an inline sensor",
	.run = run,
};
