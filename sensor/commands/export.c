#include "commands/export.h"

#include "commands/matrices.h"
#include "control/gate.h"
#include "control/settings.h"
#include "control/status.h"

bool export_has_groups(const struct export *export)
{
	return export->last - export->first < GATE_MARK_GROUPS;
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
		export_iptables, export_nftables}; /* as in the argument of --to */
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
	"Write the rules that hand TCP, name look-ups and tunnels that pass through\n"
	"this host to `mailwarden run -q` and take decided flows out of the queue "
	"again.\n"
	"A flow that will not be blocked any more does not wait: copies of its "
	"packets\n"
	"go to NFLOG group 3725 + the queue's number (not with more than 16 queues).\n";

static const char EXAMPLES[] =
	"  mailwarden export --to iptables --inline --queue 0:1 > rules\n"
	"  iptables-restore --noflush < rules; ip6tables-restore --noflush < rules\n"
	"  mailwarden export --to nftables --inline --limit 100 | nft -f -\n";

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
	{.name = "limit",
		.argument = "N",
		.help = "new connections of a source a second (default any)",
		.set = option_set_number,
		.field = offsetof(struct export, limit),
		.least = 1,
		.most = EXPORT_LIMIT_MOST},
	{.name = "tunnels",
		.argument = "queue|drop|pass",
		.help = "what is done with tunnels (default queue)",
		.set = option_set_word,
		.field = offsetof(struct export, tunnels)},
	{.name = "local",
		.help = "also what this host itself sends and gets",
		.set = option_set_flag,
		.field = offsetof(struct export, is_local)},
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
