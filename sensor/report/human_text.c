#include "report/human_text.h"

#include "base/columns.h"
#include "judge/recommendation.h"

#include <ctype.h>

void human_recommendations(const char *const *list, char *text, size_t size)
{
	size_t len =
		(size_t)snprintf(text, size, "%s", list[0] != NULL ? list[0] : "-");
	for (size_t i = 1; i < RECOMMENDATIONS_MAX && list[i - 1] != NULL &&
			   list[i] != NULL && len < size;
		i++) {
		len += (size_t)snprintf(text + len, size - len, " %s", list[i]);
	}
}

static const char *end_name(const struct matrix_end *end)
{
	const char *name = record_end_name(end);
	return name != NULL ? name : "?";
}

/* With the blank in front of it; "" where DNS gave none. */
static const char *host_name(const struct host_names *names, char *text, size_t size)
{
	text[0] = '\0';
	if (names->count > 0) {
		(void)snprintf(text, size, " %s", names->text[0]);
	}
	return text;
}

static void write_ends(struct human_alert_text *text, const struct record *record)
{
	const struct observation *observation = record->observation;
	const struct judgement *judgement = record->judgement;
	char address[ADDRESS_TEXT_BYTES];
	char name[1 + NAMES_TEXT_BYTES];
	(void)snprintf(text->from, sizeof(text->from), "%s%s (%s)",
		address_text(&observation->client, address),
		host_name(&observation->names[0], name, sizeof(name)),
		end_name(&judgement->from));
	const bool is_ipv4 = address_is_ipv4(&observation->server);
	(void)snprintf(text->to, sizeof(text->to), "%s%s%s:%u%s (%s)",
		is_ipv4 ? "" : "[", address_text(&observation->server, address),
		is_ipv4 ? "" : "]", observation->server_port,
		host_name(&observation->names[1], name, sizeof(name)),
		end_name(&judgement->to));
}

/* These are the matrix's answer itself, every other finding stands beside it. */
static bool is_accusation(enum finding finding)
{
	return finding <= FINDING_PORT_UNUSUAL;
}

/* "row M-01" is in the detail, as it is in the reason: one of them is enough. */
static bool is_row_named(const struct judgement *judgement, const char *detail)
{
	const struct matrix_row *row =
		judgement->row != NULL ? judgement->row : judgement->nearest;
	char name[80];
	if (row == NULL) {
		return false;
	}
	const size_t len = (size_t)snprintf(name, sizeof(name), "row %s", row->id);
	const char *at = strstr(detail, name);
	return at != NULL && (at[len] == '\0' || strchr(" ,;", at[len]) != NULL);
}

/*
 * What was seen, or else the finding's title, and of the reason what that does not say:
 * all of it where it is the finding, its first clause (the row) elsewhere. Nothing where
 * the alert above was of the same flow and had it.
 */
static void write_why(struct human_alert_text *text, const struct judgement *judgement,
	enum finding finding, bool is_reason_told)
{
	const bool is_own = is_accusation(finding);
	const char *detail = judgement->detail[finding];
	const char *reason = judgement->reason;
	int len = (int)strlen(reason);
	if (detail[0] == '\0' && (!is_own || is_reason_told)) {
		detail = finding_row(finding)->signature;
	}
	if (is_own && !is_reason_told && is_row_named(judgement, detail)) {
		detail = "";
	} else if (is_reason_told || finding == FINDING_PORT_FOREIGN ||
		   is_row_named(judgement, detail)) {
		len = 0;
	} else if (!is_own && strstr(reason, "; ") != NULL) {
		len = (int)(strstr(reason, "; ") - reason);
	}
	(void)snprintf(text->why, sizeof(text->why), "%s%s%.*s", detail,
		detail[0] != '\0' && len > 0 ? "; " : "", len, reason);
}

void human_alert_text(struct human_alert_text *text, const struct record *record,
	enum finding finding, const struct human_repeat *repeat)
{
	const struct judgement *judgement = record->judgement;
	const struct matrix_row *row =
		judgement->row != NULL ? judgement->row : judgement->nearest;
	const bool is_audit = row != NULL && row->mode == MATRIX_MODE_AUDIT;
	const char *list[RECOMMENDATIONS_MAX];
	char recommendations[24];
	char repeats[16] = "";
	recommendations_of(judgement, record->observation->protocol, finding, list);
	human_recommendations(list, recommendations, sizeof(recommendations));
	(void)snprintf(text->head, sizeof(text->head), "%s  %s  ",
		finding_row(finding)->id, recommendations);
	write_ends(text, record);
	if (repeat->count > 1) {
		(void)snprintf(repeats, sizeof(repeats), "  x%u", repeat->count);
	}
	(void)snprintf(text->tail, sizeof(text->tail), "  %.40s%s%s",
		record_protocol_name(record), repeats, is_audit ? "  (audit)" : "");
	write_why(text, judgement, finding, repeat->is_reason_told);
}

void human_wrap(FILE *out, const char *text)
{
	if (*text != '\0') {
		columns_blank(out, HUMAN_INDENT);
		columns_wrap(out, text, HUMAN_INDENT, HUMAN_INDENT);
	}
}

void human_upper(const char *text, char *upper, size_t size)
{
	size_t len = 0;
	for (; len + 1 < size && text[len] != '\0'; len++) {
		upper[len] = (char)toupper((unsigned char)text[len]);
	}
	upper[len] = '\0';
}
