#include "dossier/html.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

#define DIGEST_BYTES 32
#define BASE64_BYTES 48
#define NARROW_MOST  4 /* columns that fit on every screen */

/*
 * Colours are Okabe and Ito's, told apart by whoever is colour-blind; each stands beside a
 * word or a sign. Nothing is fetched: fonts are the reader's.
 */
static const char STYLE[] =
	":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--line:#999;"
	"--head:#eee;--good:#0072b2;--bad:#b34700;--unknown:#666;--accepted:#8a5a00}"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#16181b;"
	"--line:#777;--head:#26292e;--good:#56b4e9;--bad:#ff9d5c;--unknown:#b0b0b0;"
	"--accepted:#f0b93a}}"
	"body{font:16px/1.45 sans-serif;color:var(--ink);background:var(--paper);"
	"max-width:80rem;margin:0 auto;padding:1rem}"
	"h1,h2,h3,h4{line-height:1.2;break-after:avoid}"
	"h2{border-bottom:2px solid var(--line);padding-bottom:.2rem;margin-top:2.2rem}"
	"h3{margin-top:1.8rem}p:has(+.wide){break-after:avoid}"
	".wide{overflow-x:auto}tr,svg{break-inside:avoid}"
	"table{border-collapse:collapse;margin:.6rem 0;font-size:.9rem}"
	".many{min-width:54rem}"
	"th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;"
	"vertical-align:top;overflow-wrap:break-word;max-width:24rem}"
	"thead th{background:var(--head)}tbody th{width:30%;font-weight:normal}"
	"tbody th+td{max-width:none;overflow-wrap:anywhere}"
	".code{font:.8rem/1.6 monospace;overflow-wrap:anywhere;max-width:none}"
	".many "
	".code{min-width:21ch}td[class]:not(.name,.code){min-width:5.9em}.name{min-"
	"width:2.8em}"
	".good{color:var(--good);font-weight:bold}.bad{color:var(--bad);font-weight:"
	"bold}"
	"h1{overflow-wrap:anywhere;font-size:clamp(1.3rem,6vw,2rem)}"
	".unknown{color:var(--unknown);font-weight:bold}"
	".accepted{color:var(--accepted);font-weight:bold}"
	"svg text{font:12px monospace;fill:var(--ink)}"
	"svg .cell{stroke:var(--line);fill:none}"
	"svg .good{fill:var(--good);fill-opacity:.25}svg .bad{fill:var(--bad);"
	"fill-opacity:.45}svg .unknown{fill:var(--unknown);fill-opacity:.12}"
	"svg .accepted{fill:var(--accepted);fill-opacity:.35}"
	"@page{size:A4;margin:18mm 14mm;@top-left{content:\"mailwarden\";font:8pt "
	"sans-serif}@bottom-right{content:counter(page) \" / \" "
	"counter(pages);font:8pt "
	"sans-serif}}"
	"@media print{:root{--ink:#000;--paper:#fff;--line:#888;--head:#eee;"
	"--good:#0072b2;--bad:#b34700;--unknown:#555;--accepted:#8a5a00}"
	"body{max-width:none;padding:0;font-size:10pt}.wide{overflow:visible}"
	"svg{max-width:100%;height:auto}table{font-size:8pt}.many{font-size:7pt;"
	"min-width:0}th,td{max-width:8rem;padding:.15rem .3rem}.name{max-width:7em}"
	"td:last-child{max-width:none}.code{font-size:6.3pt}.many "
	".code{min-width:10ch}}";

static const char *const CLASSES[] = {
	[PAGE_MARK_NONE] = NULL,
	[PAGE_MARK_GOOD] = "good",
	[PAGE_MARK_BAD] = "bad",
	[PAGE_MARK_UNKNOWN] = "unknown",
	[PAGE_MARK_ACCEPTED] = "accepted",
	[PAGE_MARK_CODE] = "code",
	[PAGE_MARK_NAME] = "name",
	[PAGE_MARK_ROOM] = "room",
};

const char *page_html_policy(char text[PAGE_POLICY_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char base64[BASE64_BYTES] = "";
	unsigned len = 0;
	if (EVP_Digest(STYLE, sizeof(STYLE) - 1, digest, &len, EVP_sha256(), NULL) ==
		1) {
		(void)EVP_EncodeBlock(base64, digest, DIGEST_BYTES);
	}
	(void)snprintf(text, PAGE_POLICY_BYTES,
		"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
		"form-action 'none'",
		(const char *)base64);
	return text;
}

/* French sets a mark off by a space, which no line may end at: wider before a colon. */
static const char *space_before(const struct page *page, const char *mark)
{
	if (page->language != TEXTS_FRENCH || !*mark || !strchr(":;!?%", *mark) ||
		(mark[1] && !strchr(" ).,", mark[1]))) {
		return " ";
	}
	return *mark == ':' ? "\xc2\xa0" : "\xe2\x80\xaf";
}

static void put(const struct page *page, const char *text, const char *end)
{
	for (; text < end; text++) {
		if (*text == ' ') {
			(void)fputs(space_before(page, text + 1), page->out);
		} else {
			html_put_character(page->out, *text);
		}
	}
}

static void put_text(const struct page *page, const char *text)
{
	put(page, text, text + strlen(text));
}

static void put_policy(FILE *out)
{
	char policy[PAGE_POLICY_BYTES];
	(void)fprintf(out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n",
		page_html_policy(policy));
}

static void begin(struct page *page, const char *title)
{
	FILE *out = page->out;
	(void)fprintf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n",
		page_text(page, TEXT_LANGUAGE));
	(void)fputs("<meta charset=\"utf-8\">\n", out);
	put_policy(out);
	(void)fputs("<meta name=\"viewport\" content=\"width=device-width, "
		    "initial-scale=1\">\n<meta name=\"referrer\" "
		    "content=\"no-referrer\">\n<title>",
		out);
	put_text(page, title);
	(void)fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>",
		STYLE);
	put_text(page, title);
	(void)fputs("</h1>\n", out);
}

static void heading(struct page *page, unsigned level, const char *text)
{
	(void)fprintf(page->out, "<h%u>", level);
	put_text(page, text);
	(void)fprintf(page->out, "</h%u>\n", level);
}

/* A text of the catalogues: what stands in it between two ` is to be typed. */
static void paragraph(struct page *page, const char *text)
{
	(void)fputs("<p>", page->out);
	for (const char *code; (code = strchr(text, '`')) != NULL;) {
		const char *const end = strchr(code + 1, '`');
		if (!end) {
			break;
		}
		put(page, text, code);
		(void)fputs("<code>", page->out);
		put(page, code + 1, end);
		(void)fputs("</code>", page->out);
		text = end + 1;
	}
	put_text(page, text);
	(void)fputs("</p>\n", page->out);
}

/* A table of two columns names in the first what the second is. */
static bool is_pairs(const struct page *page)
{
	return page->heads.count == 2;
}

/* What is wider than the screen is scrolled by itself, and by keys. */
static void table(struct page *page, const struct page_cells *heads)
{
	(void)fputs(heads->count > NARROW_MOST ? "<div class=\"wide\" tabindex=\"0\">\n"
						 "<table class=\"many\">\n"
					       : "<div class=\"wide\">\n<table>\n",
		page->out);
	(void)fputs("<thead><tr>", page->out);
	for (size_t i = 0; i < heads->count; i++) {
		(void)fputs("<th scope=\"col\">", page->out);
		put_text(page, heads->text[i]);
		(void)fputs("</th>", page->out);
	}
	(void)fputs("</tr></thead>\n<tbody>\n", page->out);
}

static void cell(struct page *page, const struct page_cells *cells, size_t column)
{
	const bool is_head = column == 0 && is_pairs(page);
	const enum page_mark mark =
		cells->mark[column] ? cells->mark[column] : page->heads.mark[column];
	(void)fputs(is_head ? "<th scope=\"row\"" : "<td", page->out);
	if (CLASSES[mark]) {
		(void)fprintf(page->out, " class=\"%s\"", CLASSES[mark]);
	}
	(void)fputc('>', page->out);
	put_text(page, cells->text[column]);
	(void)fputs(is_head ? "</th>" : "</td>", page->out);
}

static void row(struct page *page, const struct page_cells *cells)
{
	(void)fputs("<tr>", page->out);
	for (size_t i = 0; i < cells->count; i++) {
		cell(page, cells, i);
	}
	(void)fputs("</tr>\n", page->out);
}

static void table_end(struct page *page)
{
	(void)fputs("</tbody>\n</table>\n</div>\n", page->out);
}

static void end(struct page *page)
{
	(void)fputs("</main>\n</body>\n</html>\n", page->out);
}

const struct page_form PAGE_HTML = {
	.begin = begin,
	.heading = heading,
	.paragraph = paragraph,
	.table = table,
	.row = row,
	.table_end = table_end,
	.picture = html_picture,
	.end = end,
};
