/* tests/gate/ship/test_http.c - requests of who asks for metrics, and answers of webhooks. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/attr.h"
#include "gate/ship/http.h"

static int request(const char *text, struct sp_http_request *q)
{
	return sp_http_request_read(sp_span(text, strlen(text)), q);
}

static void needs_more(struct sp_span cut, void *arg)
{
	struct sp_http_request q;

	assert_int_equal(sp_http_request_read(cut, &q), 0);
}

static void test_request(void **state)
{
	(void)state;
	static const char get[] = "GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:9388\r\n"
				  "Accept: */*\r\n\r\n";
	struct sp_http_request q;

	assert_int_equal(request(get, &q), strlen(get));
	unit_assert_span(q.method, sp_span("GET", 3));
	unit_assert_span(q.path, sp_span("/metrics", 8));
	unit_truncate(sp_span(get, strlen(get)), needs_more, NULL);
	/* What comes behind it is not looked at. */
	assert_int_equal(request("GET / HTTP/1.0\n\nGET", &q), 16);
}

static void test_bad_requests(void **state)
{
	(void)state;
	static const char *const bad[] = {"\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n",
			"GET / HTTP/2.0\r\n\r\n", "get / HTTP/1.1\r\n\r\n",
			"GET metrics HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
			"GET / HTTP/1.1 \r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
			"GET /\x01 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA: \x1b[2J\r\n\r\n",
			"\x16\x03\x01\x02\n"};
	static char long_one[SP_HTTP_MAX + 1];
	struct sp_http_request q;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(request(bad[i], &q), SP_EFIELD);
	}
	memset(long_one, 'A', SP_HTTP_MAX);
	assert_int_equal(request(long_one, &q), SP_ELIMIT);
	assert_int_equal(sp_http_request_read(sp_span("GET / HTTP/1.1\0\r\n\r\n", 19), &q),
			SP_EFIELD);
}

static int status(const char *text)
{
	return sp_http_status_read(sp_span(text, strlen(text)));
}

static void test_status(void **state)
{
	(void)state;
	assert_int_equal(status("HTTP/1.1 204 No Content\r\n"), 204);
	assert_int_equal(status("HTTP/1.0 500\n"), 500);
	assert_int_equal(status("HTTP/1.1 204 No"), 0);
	/* More is to come. */
	assert_int_equal(status("HTTP/1.1 100 Continue\r\n"), 0);
	assert_int_equal(status("HTTP/1.1 100 Continue\r\n\r\n"), 0);
	assert_int_equal(status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), 200);
	assert_int_equal(status("HTTP/1.1 103 x\r\nLink: 200\r\n\r\nHTTP/1.1 100 x\n\n"
				"HTTP/1.1 503 x\n"),
			503);
	assert_int_equal(status("HTTP/1.1 100 Continue\r\n\r\n\r\n"), SP_EFIELD);
	assert_int_equal(status(""), 0);
	static const char *const bad[] = {"HTTP/1.1 20\r\n", "HTTP/1.1 2000 x\r\n",
			"HTTP/1.1 2a0 x\r\n", "HTTP/1.1 600 x\r\n", "HTTP/1.1\r\n", "\r\n",
			"SSH-2.0-x\r\n", "HTTP/1.1 -20 x\r\n"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(status(bad[i]), SP_EFIELD);
	}
	static char long_one[SP_HTTP_MAX + 1];
	memset(long_one, 'A', SP_HTTP_MAX);
	assert_int_equal(status(long_one), SP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_request),
			cmocka_unit_test(test_bad_requests),
			cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
