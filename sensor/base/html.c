#include "base/html.h"

void html_put_character(FILE *out, char character)
{
	switch (character) {
	case '&':
		(void)fputs("&amp;", out);
		break;
	case '<':
		(void)fputs("&lt;", out);
		break;
	case '>':
		(void)fputs("&gt;", out);
		break;
	case '"':
		(void)fputs("&quot;", out);
		break;
	case '\'':
		(void)fputs("&#39;", out);
		break;
	default:
		(void)fputc(character, out);
		break;
	}
}

void html_put(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		html_put_character(out, *text);
	}
}
