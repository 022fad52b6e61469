// Requests that are refused, each with the status it gets; the same table goes through the pure
// check and over a socket. A request whose refusal lies in its body has `in_body` set: its head is
// fine.
#pragma once
#include <string>
#include <vector>

namespace o3::test {

struct malformed {
  std::string what;
  std::string bytes;
  unsigned status = 400;
  bool in_body = false;
};

inline std::vector<malformed> malformed_heads() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = "Host: x\r\n";
  const std::string post = "POST /echo/ HTTP/1.1\r\nHost: x\r\n";
  const auto target
    = [&host](const std::string& t) { return "GET " + t + " HTTP/1.1\r\n" + host + "\r\n"; };
  const auto length
    = [&post](const std::string& v) { return post + "Content-Length: " + v + "\r\n\r\nhello"; };
  const auto encoding = [&post](const std::string& v) {
    return post + "Transfer-Encoding: " + v + "\r\n\r\n0\r\n\r\n";
  };
  std::vector<malformed> all{
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n"},
    {"bare LF everywhere", "GET / HTTP/1.1\nHost: x\n\n"},
    {"bare LF after a field", get + "Host: x\n\r\n"},
    {"bare LF ends the head", get + host + "\n"},
    {"bare CR in a value", get + "Host: x\ry\r\n\r\n"},
    {"CR CR LF", get + "Host: x\r\r\n\r\n"},
    {"folded field", get + host + "A: b\r\n c\r\n\r\n"},
    {"folded with a tab", get + host + "A: b\r\n\tc\r\n\r\n"},
    {"blank before the first field", get + " " + host + "\r\n"},
    {"blank before the colon", get + "Host : x\r\n\r\n"},
    {"tab before the colon", get + "Host\t: x\r\n\r\n"},
    {"no colon", get + host + "Nonsense\r\n\r\n"},
    {"no name", get + host + ": value\r\n\r\n"},
    {"NUL in a value", get + host + "A: b" + std::string(1, '\0') + "c\r\n\r\n"},
    {"NUL in a name", get + host + "A" + std::string(1, '\0') + ": c\r\n\r\n"},
    {"bell in a value", get + host + "A: b\ac\r\n\r\n"},
    {"DEL in a value", get + host + "A: b\x7f\r\n\r\n"},
    {"name with a slash", get + host + "A/b: c\r\n\r\n"},
    {"name with a high byte", get + host + "A\xc3\xa4: c\r\n\r\n"},
    {"value that is not UTF-8", get + host + "A: \xff\r\n\r\n"},
    {"two lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
    {"two different lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
    {"length +5", length("+5")},
    {"length -5", length("-5")},
    {"length 0x5", length("0x5")},
    {"length 5,5", length("5,5")},
    {"length 5, 5", length("5, 5")},
    {"length 5 5", length("5 5")},
    {"length 5.0", length("5.0")},
    {"length 5_0", length("5_0")},
    {"length empty", length("")},
    {"length a word", length("five")},
    {"length too large", length("1048577"), 413},
    {"length beyond 64 bits", length("99999999999999999999999"), 413},
    {"length and chunked",
     post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"chunked and length",
     post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
    {"encoding gzip", encoding("gzip")},
    {"encoding identity", encoding("identity")},
    {"encoding xchunked", encoding("xchunked")},
    {"encoding chunked twice", encoding("chunked, chunked")},
    {"encoding gzip, chunked", encoding("gzip, chunked")},
    {"encoding chunked with a parameter", encoding("chunked;q=1")},
    {"encoding quoted", encoding("\"chunked\"")},
    {"encoding with vertical tab", encoding("\vchunked")},
    {"encoding empty", encoding("")},
    {"two encodings",
     post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"encoding in HTTP/1.0",
     "POST /echo/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"no host", get + "\r\n"},
    {"two hosts", get + host + host + "\r\n"},
    {"empty host", get + "Host:\r\n\r\n"},
    {"host with a blank", get + "Host: a b\r\n\r\n"},
    {"host with a slash", get + "Host: a/b\r\n\r\n"},
    {"host with a user", get + "Host: u@b\r\n\r\n"},
    {"host with a bad port", get + "Host: b:http\r\n\r\n"},
    {"host list", get + "Host: a, b\r\n\r\n"},
    {"HTTP/0.9", "GET /\r\n"},
    {"HTTP/0.9 with head", "GET /\r\nHost: x\r\n\r\n"},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"HTTP/11", "GET / HTTP/11\r\nHost: x\r\n\r\n"},
    {"http/1.1", "GET / http/1.1\r\nHost: x\r\n\r\n"},
    {"two blanks after the method", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"two blanks before the version", "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"blank behind the version", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"},
    {"blank before the method", " GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"method that is no token", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"method without end", std::string(40, 'A') + " / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"two blank lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01", 6)},
    {"binary noise", std::string("\xff\x00\xfe\x01", 4)},
    {"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 501},
    {"asterisk for GET", target("*")},
    {"no slash", target("echo/")},
    {"authority form", target("x:80")},
    {"absolute form of ftp", target("ftp://x/")},
    {"absolute form without host", target("http:///echo/")},
    {"absolute form with user", target("http://u@x/echo/")},
    {"absolute form for another host", target("http://y/echo/")},
    {"fragment", target("/echo/#a")},
    {"encoded NUL", target("/a%00b")},
    {"encoded slash", target("/a%2Fb")},
    {"encoded slash, lower case", target("/a%2fb")},
    {"encoded backslash", target("/a%5Cb")},
    {"backslash", target("/a\\b")},
    {"bad hex", target("/a%zz")},
    {"cut percent", target("/a%2")},
    {"bare percent", target("/%")},
    {"path not UTF-8", target("/%ff")},
    {"overlong UTF-8", target("/%c0%af")},
    {"encoded newline", target("/a%0a")},
    {"encoded DEL", target("/a%7f")},
    {"dot dot", target("/a/../b")},
    {"dot dot at the end", target("/a/..")},
    {"encoded dot dot", target("/%2e%2e/b")},
    {"half encoded dot dot", target("/.%2e/b")},
    {"dot", target("/./b")},
    {"double slash", target("//b")},
    {"double slash inside", target("/a//b")},
    {"raw high byte", target("/\xc3\xa4")},
    {"brackets in the path", target("/[a]")},
    {"query with bad hex", target("/?a=%g0")},
    {"query with NUL", target("/?a=%00")},
    {"query not UTF-8", target("/?a=%ff")},
    {"connection with a colon", get + host + "Connection: close: x\r\n\r\n"},
    {"unknown expectation", post + "Expect: a-miracle\r\nContent-Length: 0\r\n\r\n", 417},
    {"target too long", target("/" + std::string(9000, 'a')), 414},
    {"target without end", "GET /" + std::string(9000, 'a'), 414},
    {"head too large", get + host + "A: " + std::string(17000, 'a') + "\r\n\r\n", 431},
    {"head without end", get + host + "A: " + std::string(17000, 'a'), 431},
  };
  std::string many = get + host;
  for (int i = 0; i < 64; ++i)
    many += "A" + std::to_string(i) + ": b\r\n";
  all.push_back({"65 fields", many + "\r\n", 431});
  std::string parameters = "/?a";
  for (int i = 0; i < 128; ++i)
    parameters += "&a";
  all.push_back({"129 query parameters", target(parameters)});
  return all;
}

inline std::vector<malformed> malformed_bodies() {
  const std::string chunked
    = "POST /echo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string extensions;
  for (int i = 0; i < 300; ++i)
    extensions += "1;e=" + std::string(100, 'x') + "\r\na\r\n";
  return {
    {"chunk size not hex", chunked + "g\r\n", 400, true},
    {"chunk size signed", chunked + "+5\r\nhello\r\n0\r\n\r\n", 400, true},
    {"chunk size 0x5", chunked + "0x5\r\nhello\r\n0\r\n\r\n", 400, true},
    {"chunk size empty", chunked + "\r\nhello\r\n0\r\n\r\n", 400, true},
    {"chunk size beyond 64 bits", chunked + "fffffffffffffffff\r\n", 400, true},
    {"chunk size with bare LF", chunked + "5\nhello\r\n0\r\n\r\n", 400, true},
    {"chunk longer than said", chunked + "3\r\nhello\r\n0\r\n\r\n", 400, true},
    {"chunk data without CRLF", chunked + "5\r\nhello0\r\n\r\n", 400, true},
    {"chunk beyond the body limit", chunked + "100001\r\n", 413, true},
    {"one endless extension", chunked + "5;" + std::string(20000, 'x'), 400, true},
    {"many extensions", chunked + extensions, 400, true},
    {"bad extension", chunked + "5 x\r\nhello\r\n0\r\n\r\n", 400, true},
    {"endless trailer", chunked + "0\r\nA: " + std::string(20000, 'x'), 400, true},
    {"trailer without colon", chunked + "0\r\nnonsense\r\n\r\n", 400, true},
  };
}

} // namespace o3::test
