#include "report/human_text.h"

#include "base/columns.h"
#include "judge/recommendation.h"

#include <ctype.h>
#include <time.h>

#define US_PER_S 1000000

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

/* With the blank in front of it; "" where DNS gave none. */
static const char *host_name(const struct host_names *names, char *text, size_t size)
{
	text[0] = '\0';
	if (names->count > 0) {
		(void)snprintf(text, size, " %s", names->text[0]);
	}
	return text;
}

void human_ends(const struct observation *observation, char text[HUMAN_ENDS_BYTES])
{
	char client[ADDRESS_TEXT_BYTES];
	char server[ADDRESS_TEXT_BYTES];
	char client_name[1 + NAMES_TEXT_BYTES];
	char server_name[1 + NAMES_TEXT_BYTES];
	const bool is_ipv4 = address_is_ipv4(&observation->server);
	(void)snprintf(text, HUMAN_ENDS_BYTES, "%s%s -> %s%s%s:%u%s",
		address_text(&observation->client, client),
		host_name(&observation->names[0], client_name, sizeof(client_name)),
		is_ipv4 ? "" : "[", address_text(&observation->server, server),
		is_ipv4 ? "" : "]", observation->server_port,
		host_name(&observation->names[1], server_name, sizeof(server_name)));
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
 * all of it where it is the finding, its first clause (the row) elsewhere.
 */
void human_why(const struct judgement *judgement, enum finding finding,
	char text[HUMAN_WHY_BYTES])
{
	const bool is_own = is_accusation(finding);
	const char *detail = judgement->detail[finding];
	const char *reason = judgement->reason;
	int len = (int)strlen(reason);
	if (detail[0] == '\0' && !is_own) {
		detail = finding_row(finding)->signature;
	}
	if (is_own && is_row_named(judgement, detail)) {
		detail = "";
	} else if (finding == FINDING_PORT_FOREIGN || is_row_named(judgement, detail)) {
		len = 0;
	} else if (!is_own && strstr(reason, "; ") != NULL) {
		len = (int)(strstr(reason, "; ") - reason);
	}
	(void)snprintf(text, HUMAN_WHY_BYTES, "%s%s%.*s", detail,
		detail[0] != '\0' && len > 0 ? "; " : "", len, reason);
}

const char *human_time(uint64_t time_us, char text[HUMAN_TIME_BYTES])
{
	const time_t time = (time_t)(time_us / US_PER_S);
	struct tm parts;
	if (gmtime_r(&time, &parts) == NULL ||
		strftime(text, HUMAN_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &parts) == 0) {
		memcpy(text, "?", sizeof("?"));
	}
	return text;
}

void human_severity(enum severity severity, const struct human_style *style)
{
	static const char *const COLOURS[] = {
		[SEVERITY_NONE] = "",
		[SEVERITY_CRITICAL] = "\x1b[1;31m",
		[SEVERITY_HIGH] = "\x1b[31m",
		[SEVERITY_MEDIUM] = "\x1b[33m",
		[SEVERITY_LOW] = "\x1b[36m",
	};
	char name[16];
	human_upper(severity_name(severity), name, sizeof(name));
	(void)fprintf(style->out, "%s%-*s%s",
		style->use_colour ? COLOURS[severity] : "", HUMAN_INDENT, name,
		style->use_colour ? "\x1b[0m" : "");
}

void human_heading(const char *heading, const struct human_style *style)
{
	(void)fprintf(style->out, "%s%s%s", style->use_colour ? "\x1b[1m" : "", heading,
		style->use_colour ? "\x1b[0m" : "");
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
