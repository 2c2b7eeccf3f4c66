#include "commands/export.h"

#include "commands/allow.h"
#include "commands/matrices.h"
#include "control/gate.h"
#include "control/settings.h"
#include "interchange/sheet_export.h"
#include "status/status.h"

#include <stdio.h>
#include <time.h>

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

/* A matrix of files, for a form of it. */
struct exported {
	const struct export *export;
	const struct matrix *matrix;
	const struct yaml_node *root;
	struct arena *arena;
};

static bool write_sheet(const struct exported *exported,
	void (*write)(const struct sheet *sheet, FILE *out))
{
	const struct export *export = exported->export;
	const struct sheet_form form = {export->is_cross, export->language == 1};
	struct sheet sheet = {.arena = exported->arena};
	struct reason why = {""};
	const bool is_right =
		sheet_export(&sheet, exported->root, exported->matrix, &form, &why);
	if (!is_right) {
		(void)command_misused(&COMMAND_EXPORT, "%s", why.text);
	} else if (write) {
		write(&sheet, stdout);
	} else {
		sheet_write_csv(&sheet, form.is_french ? ';' : ',', stdout);
	}
	sheet_free(&sheet);
	return is_right;
}

static bool write_csv(const struct exported *exported)
{
	return write_sheet(exported, NULL);
}

static bool write_markdown(const struct exported *exported)
{
	return write_sheet(exported, sheet_write_markdown);
}

static bool write_html(const struct exported *exported)
{
	return write_sheet(exported, sheet_write_html);
}

static bool write_json(const struct exported *exported)
{
	tree_write_json(exported->root, stdout);
	(void)putchar('\n');
	return true;
}

static bool write_yaml(const struct exported *exported)
{
	tree_write_yaml(exported->root, stdout);
	return true;
}

static struct allow allow_of(const struct exported *exported)
{
	const struct export *export = exported->export;
	const uint32_t group = export->log_group;
	return (struct allow){exported->matrix, (int64_t)time(NULL),
		group == EXPORT_LOG_KERNEL ? 0 : group + 1, export->is_local};
}

static bool write_iptables(const struct exported *exported)
{
	const struct allow allow = allow_of(exported);
	allow_iptables(&allow);
	return true;
}

static bool write_nftables(const struct exported *exported)
{
	const struct allow allow = allow_of(exported);
	allow_nftables(&allow);
	return true;
}

static bool write_suricata(const struct exported *exported)
{
	const struct allow allow = allow_of(exported);
	allow_suricata(&allow);
	return true;
}

static bool write_areas(const struct exported *exported)
{
	const struct allow allow = allow_of(exported);
	allow_areas(&allow);
	return true;
}

/* As in the argument of --to. */
static const struct {
	bool (*write)(const struct exported *exported);
	/* or NULL */
	void (*write_inline)(const struct export *export);
	bool is_sheet;
} FORMATS[] = {
	{write_csv, NULL, true},
	{write_markdown, NULL, true},
	{write_html, NULL, true},
	{write_json, NULL, false},
	{write_yaml, NULL, false},
	{write_iptables, export_iptables, false},
	{write_nftables, export_nftables, false},
	{write_suricata, NULL, false},
	{write_areas, NULL, false},
};

/* The files, and the form of what they say if that is wanted. */
static int export_matrix(const struct export *export)
{
	struct arena arena = {.newest = NULL};
	struct matrix_tree trees[OPTIONS_LIST_MAX];
	const struct yaml_node *roots[OPTIONS_LIST_MAX];
	const size_t count = export->matrices.count;
	int code = COMMAND_USAGE;
	struct matrix *matrix = matrices_read(&export->matrices, &arena, trees)
					? matrices_load_trees(trees, count)
					: NULL;
	for (size_t i = 0; matrix && i < count; i++) {
		roots[i] = trees[i].root;
	}
	if (matrix && export->is_inline) {
		code = COMMAND_OK;
	} else if (matrix) {
		const struct exported exported = {
			export, matrix, tree_join(&arena, roots, count), &arena};
		code = FORMATS[export->format].write(&exported) ? COMMAND_OK
								: COMMAND_USAGE;
	}
	matrix_free(matrix);
	arena_free(&arena);
	return code;
}

static int export_run(int argc, char **argv)
{
	struct export export = {.log_group = EXPORT_LOG_KERNEL};
	struct option_words words;
	int code = options_read(&COMMAND_EXPORT, argc, argv, &export, &words);
	if (code != OPTIONS_GO_ON) {
		return code;
	}
	if (export.is_inline && !FORMATS[export.format].write_inline) {
		return command_misused(
			&COMMAND_EXPORT, "--inline is for iptables and nftables alone");
	}
	if (!export.is_inline && export.matrices.count == 0) {
		return command_misused(&COMMAND_EXPORT, "no MATRIX given (-m MATRIX)");
	}
	if (export.is_cross && !FORMATS[export.format].is_sheet) {
		return command_misused(
			&COMMAND_EXPORT, "--cross is for csv, markdown and html alone");
	}
	code = export.matrices.count > 0 ? export_matrix(&export) : COMMAND_OK;
	if (code == COMMAND_OK && export.is_inline) {
		FORMATS[export.format].write_inline(&export);
	}
	return code;
}

static const char ABOUT[] =
	"Write a matrix as a sheet that `mailwarden import` reads back to the same, "
	"as\n"
	"JSON, as one matrix file, or as rules of a firewall: they let by what its "
	"rows\n"
	"declare, and log and drop what else goes to a port of mail.\n"
	"\n"
	"With --inline: the rules that hand TCP, name look-ups and tunnels that pass\n"
	"through this host to `mailwarden run -q` and take decided flows out of the\n"
	"queue again. A flow that will not be blocked any more does not wait: copies "
	"of\n"
	"its packets go to NFLOG group 3725 + the queue's number (not with more than "
	"16\n"
	"queues).\n";

static const char EXAMPLES[] =
	"  mailwarden export --to csv -m matrix.yaml > flows.csv\n"
	"  mailwarden export --to csv --cross --language fr -m matrix.yaml > flux.csv\n"
	"  mailwarden export --to nftables -m matrix.yaml | nft -f -\n"
	"  mailwarden export --to iptables --inline --queue 0:1 > rules\n"
	"  iptables-restore --noflush < rules; ip6tables-restore --noflush < rules\n"
	"  mailwarden export --to nftables --inline --limit 100 | nft -f -\n";

static const struct option_row OPTIONS[] = {
	{.name = "to",
		.argument =
			"csv|markdown|html|json|yaml|iptables|nftables|suricata|areas",
		.help = "a sheet of the matrix, all of it, rules for\n"
			"iptables-restore and ip6tables-restore, nft or\n"
			"Suricata, or firewall-orchestrator's zones",
		.set = option_set_word,
		.field = offsetof(struct export, format),
		.is_required = true},
	{OPTION_MATRICES(struct export,
		"the matrix, of several files together; with --inline it\n"
		"is checked only")},
	{.name = "cross",
		.help = "rows as a cross-table, sources by destinations",
		.set = option_set_flag,
		.field = offsetof(struct export, is_cross)},
	{.name = "language",
		.argument = "en|fr",
		.help = "heads of a sheet; CSV is separated by \";\" in fr",
		.set = option_set_word,
		.field = offsetof(struct export, language)},
	{.name = "log-group",
		.argument = "N",
		.help = "where the matrix's rules log what they drop: a\n"
			"group of NFLOG (default: the kernel's log)",
		.set = option_set_number,
		.field = offsetof(struct export, log_group),
		.most = 65535},
	{.name = "inline",
		.help = "the rules for an inline sensor",
		.set = option_set_flag,
		.field = offsetof(struct export, is_inline)},
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
		.help = "of rules: also what this host itself sends and gets",
		.set = option_set_flag,
		.field = offsetof(struct export, is_local)},
	{.name = "fail-closed",
		.help = "nothing passes without a sensor (default: all)",
		.set = option_set_flag,
		.field = offsetof(struct export, is_fail_closed)},
	{.name = NULL},
};

const struct command COMMAND_EXPORT = {
	.name = "export",
	.summary = "write a flow matrix in other forms, or rules for an inline sensor",
	.usage = "--to FORM -m MATRIX [OPTION...]\n"
		 "--to iptables|nftables --inline [OPTION...]",
	.about = ABOUT,
	.examples = EXAMPLES,
	.exits = "0 written, 2 usage or matrix in error, or no such form of it.\n",
	.options = OPTIONS,
	.run = export_run,
};
