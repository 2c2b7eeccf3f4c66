#include "commands/matrices.h"

#include "control/gate.h"
#include "control/settings.h"
#include "control/status.h"

#include <inttypes.h>

/* No packet without payload needs to be longer: IPv4 with all the options of an acknowledgement. */
#define ACKNOWLEDGEMENT_BYTES 80

struct export
{
	unsigned format; /* of FORMATS */
	struct option_list matrices;
	uint16_t first; /* queue */
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

/*
 * The sensor has the first packet of them go through the chain again, with the mark. Copies
 * of the later ones let it reset who goes on; a flood of them is not worth that.
 */
static void print_iptables_ended(const struct export *export)
{
	(void)printf("# a connection that the sensor ended stays ended, as long as the "
		     "kernel "
		     "knows it\n"
		     "-A MAILWARDEN -p tcp -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j CONNMARK --save-mark --nfmask 0x%" PRIx32
		     " --ctmask 0x%" PRIx32 "\n"
		     "-A MAILWARDEN -p tcp -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j DROP\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j MARK --or-mark 0x%" PRIx32 "\n"
		     "-A MAILWARDEN -p tcp -m mark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m limit --limit 1000/second --limit-burst 1000 -j NFLOG "
		     "--nflog-group %u\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -j DROP\n",
		GATE_MARK_ENDED, GATE_MARK_ENDED, GATE_MARK_ENDED_MASK,
		GATE_MARK_ENDED_MASK, GATE_MARK_ENDED, GATE_MARK_ENDED,
		GATE_MARK_ENDED_MASK, GATE_MARK_ENDED_MASK, GATE_MARK_ENDED,
		GATE_MARK_ENDED, GATE_MARK_ENDED, GATE_LOG_GROUP(export->first),
		GATE_MARK_ENDED, GATE_MARK_ENDED);
}

/*
 * Bulk to a silent server: its client's packets pass unseen, and the server's bare
 * acknowledgements, which carry no PSH and are short. Anything else takes the flow back.
 */
static void print_iptables_silent(void)
{
	(void)printf(
		"# of bulk to a silent server only the server's first word is seen, "
		"and all behind it\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -m conntrack --ctdir ORIGINAL "
		"-m tcp --tcp-flags FIN,RST NONE -j RETURN\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -m conntrack --ctdir REPLY "
		"-m tcp --tcp-flags FIN,RST,PSH NONE -m length --length 0:%d "
		"-j RETURN\n"
		"-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		" -j CONNMARK --set-xmark 0x0/0x%" PRIx32 "\n",
		GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT,
		ACKNOWLEDGEMENT_BYTES, GATE_MARK_SILENT, GATE_MARK_SILENT,
		GATE_MARK_SILENT);
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
		"# what the sensor itself sends to end a connection\n"
		"-A MAILWARDEN -m mark --mark 0x%" PRIx32 "/0x%" PRIx32 " -j RETURN\n",
		GATE_MARK_INJECTED, GATE_MARK_INJECTED);
	print_iptables_ended(export);
	(void)printf("# a decided flow is not seen again, but for its end\n"
		     "-A MAILWARDEN -p tcp -m connmark --mark 0x%" PRIx32 "/0x%" PRIx32
		     " -m tcp --tcp-flags FIN,RST NONE -j RETURN\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_iptables_silent();
	print_iptables_copies(export);
	(void)printf("-A MAILWARDEN -p tcp -j NFQUEUE %s%s\n"
		     "# look-ups of mail servers\n"
		     "-A MAILWARDEN -p udp -m udp --dport 53 -j NFQUEUE %s%s\n"
		     "# the sensor marks a packet of a decided flow: keep it with the "
		     "flow\n",
		queue, bypass, queue, bypass);
	print_iptables_save(GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_iptables_save(GATE_MARK_SILENT, GATE_MARK_SILENT);
	print_iptables_save(GATE_MARK_ENDED, GATE_MARK_ENDED_MASK);
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

static void print_nftables_silent(void)
{
	(void)printf("\t\t# of bulk to a silent server only the server's first word is "
		     "seen, and all behind it\n"
		     "\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct direction original tcp flags & (fin | rst) == 0x0 return\n"
		     "\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct direction reply tcp flags & (fin | rst | psh) == 0x0 "
		     "meta length <= %d return\n"
		     "\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark and 0x%" PRIx32 "\n",
		GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT,
		ACKNOWLEDGEMENT_BYTES, GATE_MARK_SILENT, GATE_MARK_SILENT,
		~GATE_MARK_SILENT);
}

/* A rule for each value that is kept with the connection: nft has no two that vary. */
static void print_nftables_keep(uint32_t mark, const char *then)
{
	(void)printf("\t\tmeta l4proto tcp meta mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark and 0x%" PRIx32 " or 0x%" PRIx32 "%s\n",
		GATE_MARK_ENDED_MASK, mark, ~GATE_MARK_ENDED_MASK, mark, then);
}

static void print_nftables_ended(const struct export *export)
{
	(void)puts(
		"\t\t# a connection that the sensor ended stays ended, as long as the "
		"kernel knows it");
	print_nftables_keep(GATE_MARK_ENDED, " drop");
	print_nftables_keep(GATE_MARK_ENDED_MASK, " drop");
	(void)printf(
		"\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		" limit rate 1000/second burst 1000 packets meta mark set meta mark "
		"or 0x%" PRIx32 " log group %u\n"
		"\t\tmeta l4proto tcp ct mark and 0x%" PRIx32 " == 0x%" PRIx32
		" drop\n",
		GATE_MARK_ENDED_MASK, GATE_MARK_ENDED_MASK, GATE_MARK_ENDED,
		GATE_LOG_GROUP(export->first), GATE_MARK_ENDED, GATE_MARK_ENDED);
}

static void print_nftables_save(const struct export *export)
{
	(void)printf("\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " ct mark set ct mark or 0x%" PRIx32 "\n",
		GATE_MARK_SILENT, GATE_MARK_SILENT, GATE_MARK_SILENT);
	print_nftables_keep(GATE_MARK_ENDED, "");
	print_nftables_keep(GATE_MARK_ENDED_MASK, "");
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
		     "\t\t# what the sensor itself sends to end a connection\n"
		     "\t\tmeta mark and 0x%" PRIx32 " == 0x%" PRIx32 " return\n",
		GATE_MARK_INJECTED, GATE_MARK_INJECTED);
	print_nftables_ended(export);
	(void)printf("\t\t# a decided flow is not seen again, but for its end\n"
		     "\t\tct mark and 0x%" PRIx32 " == 0x%" PRIx32
		     " tcp flags & (fin | rst) == 0x0 return\n",
		GATE_MARK_PASSED, GATE_MARK_PASSED);
	print_nftables_silent();
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

static bool set_queues(void *target, const struct option_row *row, const char *value,
	struct reason *why)
{
	struct export *export = target;
	if (!settings_read_queues(value, &export->first, &export->last, why)) {
		return false;
	}
	return export->last - export->first < STATUS_WORKERS_MAX ||
	       reason_set(why, "--%s: more than %d queues in \"%.40s\"", row->name,
		       STATUS_WORKERS_MAX, value);
}

static bool is_matrix_right(const struct export *export)
{
	struct matrix *matrix = matrices_load(&export->matrices);
	const bool is_right = matrix != NULL;
	matrix_free(matrix);
	return is_right;
}

static int export_run(int argc, char **argv)
{
	static void (*const FORMATS[])(const struct export *export) = {
		print_iptables, print_nftables}; /* as in the argument of --to */
	struct export export = {.first = 0};
	struct option_words words;
	const int code = options_read(&COMMAND_EXPORT, argc, argv, &export, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (export.matrices.count > 0 && !is_matrix_right(&export)) {
		return COMMAND_USAGE;
	}
	FORMATS[export.format](&export);
	return COMMAND_OK;
}

static const char ABOUT[] =
	"Write the rules that hand TCP and name look-ups passing through this host to\n"
	"`mailwarden run -q` and take decided flows out of the queue again. A flow\n"
	"that will not be blocked any more does not wait: copies of its packets go\n"
	"to NFLOG group 3725 + the queue's number (not with more than 16 queues).\n";

static const char EXAMPLES[] =
	"  mailwarden export --to iptables --inline --queue 0:1 > rules\n"
	"  iptables-restore --noflush < rules; ip6tables-restore --noflush < rules\n"
	"  mailwarden export --to nftables --inline | nft -f -\n";

static const struct option_row OPTIONS[] = {
	{.name = "to",
		.argument = "iptables|nftables",
		.help = "for iptables-restore and ip6tables-restore, or nft",
		.set = option_set_word,
		.field = offsetof(struct export, format),
		.is_required = true},
	{.name = "inline",
		.help = "the rules for an inline sensor",
		.set = option_set_flag,
		.field = offsetof(struct export, is_inline),
		.is_required = true},
	{.name = "queue",
		.argument = "N[:M]",
		.help = "queue numbers, one worker each (default 0)",
		.set = set_queues},
	{.name = "fail-closed",
		.help = "nothing passes without a sensor (default: all)",
		.set = option_set_flag,
		.field = offsetof(struct export, is_fail_closed)},
	{.name = "matrix",
		.letter = 'm',
		.argument = "MATRIX",
		.help = "check this matrix first; repeatable",
		.set = option_add_text,
		.field = offsetof(struct export, matrices)},
	{.name = NULL},
};

const struct command COMMAND_EXPORT = {
	.name = "export",
	.summary = "write the firewall rules for an inline sensor",
	.usage = "--to iptables|nftables --inline [OPTION...]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.options = OPTIONS,
	.run = export_run,
};
