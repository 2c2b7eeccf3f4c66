#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/html.h"

#include <stdlib.h>
#include <string.h>

static void assert_put(const char *text, const char *wanted)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	assert_non_null(out);
	html_put(out, text);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(bytes, wanted);
	free(bytes);
}

static void nothing_in_a_text_is_markup(void **state)
{
	(void)state;
	assert_put("", "");
	assert_put("caf\xc3\xa9 100 % (a) #1", "caf\xc3\xa9 100 % (a) #1");
	assert_put("</td><script>alert(1)</script>",
		"&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_put("\" onload=\"x", "&quot; onload=&quot;x");
	assert_put("' onload='x", "&#39; onload=&#39;x");
	assert_put("&lt;", "&amp;lt;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_a_text_is_markup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
