#include "dmarc/dmarc_xml.h"

#include "base/utf8.h"

#include <expat.h>

#define DEPTH_MAX  16
#define VALUE_MAX  512
#define DAY_S      UINT64_C(86400)
#define SPAN_MAX_S (366 * DAY_S)
#define LATE_S     (2 * DAY_S) /* clocks, and days that are not over */

/* Elements by their place in the report; what is not listed is passed over. */
enum element {
	OTHER = 0,
	FEEDBACK,
	REPORT_METADATA,
	ORG_NAME,
	REPORT_ID,
	DATE_RANGE,
	BEGIN,
	END,
	POLICY_PUBLISHED,
	DOMAIN,
	RECORD,
	ROW,
	SOURCE_IP,
	COUNT,
	POLICY_EVALUATED,
	DISPOSITION,
	DKIM,
	SPF,
	REASON,
	TYPE,
	IDENTIFIERS,
	HEADER_FROM,
};

/* Each below its parent: <dkim> of auth_results is another one. */
static const struct {
	const char *name;
	enum element parent;
	enum element element;
} ELEMENTS[] = {
	{"feedback", OTHER, FEEDBACK},
	{"report_metadata", FEEDBACK, REPORT_METADATA},
	{"org_name", REPORT_METADATA, ORG_NAME},
	{"report_id", REPORT_METADATA, REPORT_ID},
	{"date_range", REPORT_METADATA, DATE_RANGE},
	{"begin", DATE_RANGE, BEGIN},
	{"end", DATE_RANGE, END},
	{"policy_published", FEEDBACK, POLICY_PUBLISHED},
	{"domain", POLICY_PUBLISHED, DOMAIN},
	{"record", FEEDBACK, RECORD},
	{"row", RECORD, ROW},
	{"source_ip", ROW, SOURCE_IP},
	{"count", ROW, COUNT},
	{"policy_evaluated", ROW, POLICY_EVALUATED},
	{"disposition", POLICY_EVALUATED, DISPOSITION},
	{"dkim", POLICY_EVALUATED, DKIM},
	{"spf", POLICY_EVALUATED, SPF},
	{"reason", POLICY_EVALUATED, REASON},
	{"type", REASON, TYPE},
	{"identifiers", RECORD, IDENTIFIERS},
	{"identities", RECORD, IDENTIFIERS}, /* as some wrote it before RFC 7489 */
	{"header_from", IDENTIFIERS, HEADER_FROM},
};

struct reading {
	XML_Parser parser;
	struct dmarc_report *report;
	dmarc_row_take *take; /* NULL: only looked at */
	void *context;
	const char *fault;
	struct dmarc_row row;
	bool has_source;
	uint8_t path[DEPTH_MAX];
	unsigned depth;
	bool has_feedback;
	bool is_too_long;
	size_t len; /* of the text of the innermost element */
	uint8_t value[VALUE_MAX];
};

static void stop(struct reading *reading, const char *fault)
{
	reading->fault = fault;
	(void)XML_StopParser(reading->parser, XML_FALSE);
}

static enum element find(const char *name, enum element parent, bool is_root)
{
	const char *colon = strrchr(name, ':');
	const char *local = colon ? colon + 1 : name;
	for (size_t i = 0; i < sizeof(ELEMENTS) / sizeof(ELEMENTS[0]); i++) {
		if (ELEMENTS[i].parent == parent &&
			strcmp(ELEMENTS[i].name, local) == 0 &&
			(parent != OTHER || is_root)) {
			return ELEMENTS[i].element;
		}
	}
	return OTHER;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **more)
{
	(void)more;
	struct reading *reading = context;
	if (reading->depth == DEPTH_MAX) {
		stop(reading, "its elements are nested too deep");
		return;
	}
	const bool is_root = reading->depth == 0;
	const enum element element = find(name,
		is_root ? OTHER : (enum element)reading->path[reading->depth - 1],
		is_root);
	if (is_root && element != FEEDBACK) {
		stop(reading, "it is no DMARC report");
		return;
	}
	if (element == RECORD) {
		reading->row = (struct dmarc_row){.count = 0};
		reading->has_source = false;
	}
	reading->path[reading->depth++] = (uint8_t)element;
	reading->len = 0;
	reading->is_too_long = false;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int len)
{
	struct reading *reading = context;
	const size_t room = VALUE_MAX - reading->len;
	const size_t taken = (size_t)len < room ? (size_t)len : room;
	memcpy(reading->value + reading->len, text, taken);
	reading->len += taken;
	reading->is_too_long = reading->is_too_long || taken < (size_t)len;
}

static void XMLCALL on_doctype(void *context, const XML_Char *name,
	const XML_Char *system, const XML_Char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	stop(context, "it has a document type");
}

bool dmarc_domain_read(struct text text, char domain[DMARC_DOMAIN_BYTES])
{
	text = text_trim(text);
	domain[0] = '\0';
	if (text.len > 1 && text.at[text.len - 1] == '.') {
		text.len--;
	}
	if (text.len == 0 || text.len >= DMARC_DOMAIN_BYTES) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t byte = text.at[i];
		const bool is_upper = byte >= 'A' && byte <= 'Z';
		const bool is_plain = (byte >= 'a' && byte <= 'z') ||
				      (byte >= '0' && byte <= '9') || byte == '-' ||
				      byte == '_' || byte == '.' || byte >= 0x80;
		if (!is_upper && !is_plain) {
			domain[0] = '\0';
			return false;
		}
		domain[i] = (char)(is_upper ? byte + ('a' - 'A') : byte);
	}
	domain[text.len] = '\0';
	utf8_make_printable(domain);
	return true;
}

static bool read_address(struct text text, struct address *address)
{
	char value[ADDRESS_TEXT_BYTES];
	if (text.len >= sizeof(value)) {
		return false;
	}
	text_copy(value, sizeof(value), text);
	return address_parse(value, address);
}

static void read_name(struct text text, char name[DMARC_NAME_BYTES])
{
	text_copy_letters(name, DMARC_NAME_BYTES, text);
}

static bool is_forwarding(struct text type)
{
	return text_is(type, "forwarded") || text_is(type, "trusted_forwarder") ||
	       text_is(type, "mailing_list");
}

static void take_value(struct reading *reading, enum element element)
{
	const struct text text = text_trim((struct text){reading->value, reading->len});
	struct dmarc_report *report = reading->report;
	struct dmarc_row *row = &reading->row;
	if (element == ORG_NAME) {
		read_name(text, report->organization);
	} else if (element == REPORT_ID) {
		read_name(text, report->id);
	} else if (reading->is_too_long) {
		return; /* of these none is that long */
	} else if (element == BEGIN) {
		(void)text_number(text, UINT32_MAX, &report->begin_s);
	} else if (element == END) {
		(void)text_number(text, UINT32_MAX, &report->end_s);
	} else if (element == DOMAIN) {
		(void)dmarc_domain_read(text, report->domain);
	} else if (element == SOURCE_IP) {
		reading->has_source = read_address(text, &row->source);
	} else if (element == COUNT) {
		(void)text_number(text, UINT32_MAX, &row->count);
	} else if (element == HEADER_FROM) {
		(void)dmarc_domain_read(text, row->domain);
	} else if (element == DKIM) {
		row->is_dkim_aligned = text_is(text, "pass");
	} else if (element == SPF) {
		row->is_spf_aligned = text_is(text, "pass");
	} else if (element == DISPOSITION) {
		row->disposition = text_is(text, "reject")       ? DMARC_REJECT
				   : text_is(text, "quarantine") ? DMARC_QUARANTINE
								 : DMARC_NONE;
	} else if (element == TYPE) {
		row->is_forwarded = row->is_forwarded || is_forwarding(text);
	}
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	(void)name;
	struct reading *reading = context;
	if (reading->fault) { /* of an empty element that was refused as it began */
		return;
	}
	const enum element element = (enum element)reading->path[--reading->depth];
	take_value(reading, element);
	reading->len = 0;
	if (element != RECORD) {
		return;
	}
	const struct dmarc_row *row = &reading->row;
	if (!reading->has_source || row->count == 0 || row->domain[0] == '\0') {
		reading->report->bad_rows++;
	} else if (reading->take) {
		reading->take(reading->context, reading->report, row);
	}
}

/* Once over all of it. */
static bool parse(struct reading *reading, struct text xml, struct reason *why)
{
	reading->parser = XML_ParserCreate(NULL);
	if (!reading->parser) {
		return reason_set(why, "no memory");
	}
	XML_SetUserData(reading->parser, reading);
	XML_SetElementHandler(reading->parser, on_start, on_end);
	XML_SetCharacterDataHandler(reading->parser, on_text);
	XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
	const bool is_whole = XML_Parse(reading->parser, (const char *)xml.at,
				      (int)xml.len, XML_TRUE) == XML_STATUS_OK;
	if (!is_whole && reading->fault) {
		(void)reason_set(why, "%s", reading->fault);
	} else if (!is_whole) {
		(void)reason_set(why, "line %lu: %s",
			(unsigned long)XML_GetCurrentLineNumber(reading->parser),
			XML_ErrorString(XML_GetErrorCode(reading->parser)));
	}
	XML_ParserFree(reading->parser);
	return is_whole;
}

bool dmarc_span_is_possible(uint64_t begin_s, uint64_t end_s, uint64_t now_s)
{
	return begin_s > 0 && begin_s <= end_s && end_s - begin_s <= SPAN_MAX_S &&
	       end_s <= now_s + LATE_S;
}

bool dmarc_xml_read(struct text xml, uint64_t now_s, struct dmarc_report *report,
	struct reason *why)
{
	struct reading reading = {.report = report};
	*report = (struct dmarc_report){.begin_s = 0};
	if (!parse(&reading, xml, why)) {
		return false;
	}
	if (report->domain[0] == '\0') {
		return reason_set(why, "it does not say of which domain it is");
	}
	return dmarc_span_is_possible(report->begin_s, report->end_s, now_s) ||
	       reason_set(why, "its dates cannot be");
}

bool dmarc_xml_rows(struct text xml, struct dmarc_report *report, dmarc_row_take *take,
	void *context, struct reason *why)
{
	struct dmarc_report again = *report; /* it says the same once more */
	struct reading reading = {.report = &again, .take = take, .context = context};
	return parse(&reading, xml, why);
}
