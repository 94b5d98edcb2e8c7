/* labsrv: one small static program that plays every server and client the tests need.
 *
 *   labsrv http    ADDR PORT           answer every request with 200 and "labsrv ok\n"
 *   labsrv sink    ADDR PORT BYTES     read BYTES bytes, then answer "got BYTES\n" and close
 *   labsrv source  ADDR PORT BYTES     send BYTES bytes and close
 *   labsrv closer  ADDR PORT           accept, then close at once
 *   labsrv banner  ADDR PORT TEXT      accept, send TEXT (\n and \r are understood) and keep the connection
 *   labsrv hang    ADDR PORT BACKLOG   listen and never accept, so that the accept queue overflows
 *   labsrv unix    PATH                the http server on a Unix socket
 *   labsrv udp     ADDR PORT           UDP echo
 *   labsrv dns     ADDR PORT MODE...   DNS over UDP; MODE is nxdomain, servfail, refused, silent, A=1.2.3.4 for every
 *                                      name, or any number of NAME=1.2.3.4, beside which no name exists
 *   labsrv client  HOST PORT           keep one connection; on failure retry each second, HOST resolved only once
 *   labsrv get     HOST PORT [SECONDS] GET / once: exit status 0, 1 (no answer) or 2 (HOST not resolved)
 *   labsrv send    HOST PORT BYTES [SECONDS]  send BYTES bytes and wait for an answer; exit status as of get
 *   labsrv fetch   HOST PORT BYTES [SECONDS]  wait for BYTES bytes; exit status as of get
 *   labsrv ask     HOST PORT [SECONDS] send one datagram and wait for one; exit status as of get
 *   labsrv resolve HOST                print the addresses of HOST
 *   labsrv hold    FILE BYTES          write BYTES bytes to FILE and keep it open
 *   labsrv sleep
 *
 * ADDR is an IPv4 address, an IPv6 address (IPv6 only) or ::* for both. Several of these can be run by one labsrv,
 * each in a child of its own: labsrv http 0.0.0.0 80 -- http 127.0.0.1 81. SIGTERM ends it at once, as PID 1 too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what, const char *where) {
  fprintf(stderr, "labsrv: %s %s: %s\n", what, where, strerror(errno));
  exit(1);
}

static void end(int signal) {
  (void)signal;
  _exit(0);
}

/* ---- addresses and sockets ---- */

static int bound(const char *address, const char *port, int type) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))};
  int dual = !strcmp(address, "::*"), six = strchr(address, ':') != 0, one = 1, only = !dual;
  if (inet_pton(six ? AF_INET6 : AF_INET, dual ? "::" : address, six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1) {
    fprintf(stderr, "labsrv: %s is not an address\n", address);
    exit(64);
  }
  int s = socket(six ? AF_INET6 : AF_INET, type, 0);
  if (s < 0) fail("socket for", address);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (six) setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  if (bind(s, six ? (void *)&v6 : (void *)&v4, six ? sizeof v6 : sizeof v4)) fail("bind", address);
  fprintf(stderr, "labsrv: %s %s port %s\n", type == SOCK_STREAM ? "listening on" : "receiving on", address, port);
  return s;
}

static int listening(const char *address, const char *port, int backlog) {
  int s = bound(address, port, SOCK_STREAM);
  if (listen(s, backlog)) fail("listen", address);
  return s;
}

static void set_timeout(int s, int seconds) {
  struct timeval t = {seconds, 0};
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t); /* also bounds connect() */
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

static const char *why(void) { /* a connect() that ran into its timeout says EINPROGRESS, a read() EAGAIN */
  return errno == EINPROGRESS || errno == EAGAIN ? "Connection timed out" : strerror(errno);
}

static void numeric(const struct addrinfo *a, char *text, size_t size) {
  getnameinfo(a->ai_addr, a->ai_addrlen, text, size, 0, 0, NI_NUMERICHOST);
}

/* ---- servers ---- */

static void answer_http(int s, const char *unused) {
  static const char text[] = "HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nlabsrv ok\n";
  char request[4096];
  (void)unused;
  if (read(s, request, sizeof request) > 0) (void)!write(s, text, sizeof text - 1);
}

static void answer_banner(int s, const char *text) {
  char out[1024], in[1024];
  size_t n = 0;
  for (; *text && n < sizeof out; text++) {
    int escape = text[0] == '\\' && (text[1] == 'n' || text[1] == 'r');
    out[n++] = escape ? (*++text == 'n' ? '\n' : '\r') : *text;
  }
  (void)!write(s, out, n);
  while (read(s, in, sizeof in) > 0) {
  }
}

static void answer_closer(int s, const char *unused) {
  (void)s, (void)unused;
}

static int push(int s, long bytes) { /* 0 once all are written */
  static const char block[1024] = {0};
  for (ssize_t n; bytes > 0; bytes -= n)
    if ((n = write(s, block, bytes < 1024 ? bytes : 1024)) <= 0) return -1;
  return 0;
}

static int pull(int s, long bytes) { /* 0 once all are read; errno is 0 at an early end */
  char block[1024];
  for (ssize_t n; bytes > 0; bytes -= n) {
    errno = 0;
    if ((n = read(s, block, bytes < 1024 ? bytes : 1024)) <= 0) return -1;
  }
  return 0;
}

static void answer_sink(int s, const char *bytes) {
  char text[64];
  if (!pull(s, atol(bytes))) (void)!write(s, text, snprintf(text, sizeof text, "got %s\n", bytes));
}

static void answer_source(int s, const char *bytes) {
  push(s, atol(bytes));
}

_Noreturn static void serve(int s, void (*answer)(int, const char *), const char *text) { /* one child per connection */
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int peer = accept(s, 0, 0);
    if (peer < 0) continue;
    if (answer != answer_closer && !fork()) {
      close(s);
      answer(peer, text);
      _exit(0);
    }
    close(peer);
  }
}

_Noreturn static void serve_unix(const char *path) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
  unlink(path);
  if (bind(s, (void *)&a, sizeof a) || listen(s, 128)) fail("bind", path);
  fprintf(stderr, "labsrv: listening on %s\n", path);
  serve(s, answer_http, 0);
}

/* The address that a mode NAME=1.2.3.4 gives for the name in a question, or 0. */
static const char *known(const unsigned char *question, char **modes) {
  char name[256];
  size_t n = 0;
  for (const unsigned char *label = question; *label && n + *label + 1 < sizeof name; label += *label + 1) {
    if (n) name[n++] = '.';
    memcpy(name + n, label + 1, *label);
    n += *label;
  }
  for (; *modes && strcmp(*modes, "--"); modes++) {
    const char *sign = strchr(*modes, '=');
    if (sign && (!strncmp(*modes, "A=", 2) || ((size_t)(sign - *modes) == n && !strncasecmp(*modes, name, n)))) return sign + 1;
  }
  return 0;
}

_Noreturn static void serve_udp(int s, char **modes) { /* without modes: echo; else a DNS server */
  unsigned char m[2048];
  struct sockaddr_storage peer;
  for (;;) {
    socklen_t size = sizeof peer;
    ssize_t n = recvfrom(s, m, 512, 0, (void *)&peer, &size);
    if (n < 0) continue;
    if (modes) {
      const char *mode = modes[0];
      ssize_t q = 12; /* the end of the question: labels, type, class */
      while (q < n && m[q]) q += m[q] + 1;
      q += 5;
      if (q > n || !strcmp(mode, "silent")) continue;
      int is_a = m[q - 4] == 0 && m[q - 3] == 1;
      const char *address = known(m + 12, modes);
      m[2] = 0x80 | (m[2] & 0x01); /* an answer; recursion as desired */
      m[3] = 0x80 | (address ? 0 : !strcmp(mode, "servfail") ? 2 : !strcmp(mode, "refused") ? 5 : 3);
      memset(m + 6, 0, 6); /* no records but the question, until one is added */
      n = q;
      if (address && is_a) {
        static const unsigned char head[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
        memcpy(m + n, head, sizeof head);
        inet_pton(AF_INET, address, m + n + sizeof head);
        n += sizeof head + 4;
        m[7] = 1;
      }
    }
    sendto(s, m, n, 0, (void *)&peer, size);
  }
}

/* ---- clients ---- */

_Noreturn static void client(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *to;
  char ip[64], in[1024];
  for (int error; (error = getaddrinfo(host, port, &hints, &to)); sleep(1))
    fprintf(stderr, "resolve %s failed: %s\n", host, gai_strerror(error));
  numeric(to, ip, sizeof ip);
  for (;; sleep(1)) {
    int s = socket(to->ai_family, SOCK_STREAM, 0);
    set_timeout(s, 5); /* longer than the kernel seeks a neighbour that is gone */
    if (connect(s, to->ai_addr, to->ai_addrlen)) {
      fprintf(stderr, "connect to %s:%s failed: %s\n", ip, port, why());
    } else {
      fprintf(stderr, "connected to %s:%s\n", ip, port);
      set_timeout(s, 0);
      while (read(s, in, sizeof in) > 0) {
      }
      fprintf(stderr, "connection to %s:%s closed\n", ip, port);
    }
    close(s);
  }
}

/* A connected socket; or what is to be the exit status, negative, and the reason told. */
static int dial(const char *host, const char *port, int type, int seconds) {
  struct addrinfo hints = {.ai_socktype = type}, *to;
  int error = getaddrinfo(host, port, &hints, &to);
  if (error) return printf("ERR resolve %d %s\n", error, gai_strerror(error)), -2;
  int s = socket(to->ai_family, type, 0);
  set_timeout(s, seconds);
  if (connect(s, to->ai_addr, to->ai_addrlen)) return printf("ERR connect %s\n", why()), -1;
  return s;
}

/* The first line that comes, told; the exit status. */
static int answer(int s) {
  char m[1024];
  int n = read(s, m, sizeof m - 1);
  if (n <= 0) return printf("ERR read %s\n", n ? why() : "EOF"), 1;
  m[n] = 0;
  m[strcspn(m, "\r\n")] = 0;
  return printf("OK %.60s\n", m), 0;
}

static int get(const char *host, const char *port, int seconds) {
  char m[1024];
  int s = dial(host, port, SOCK_STREAM, seconds);
  if (s < 0) return -s;
  (void)!write(s, m, snprintf(m, sizeof m, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host));
  return answer(s);
}

static int ask(const char *host, const char *port, int seconds) {
  int s = dial(host, port, SOCK_DGRAM, seconds);
  if (s < 0) return -s;
  (void)!write(s, "labsrv?", 7);
  return answer(s);
}

static int send_bytes(const char *host, const char *port, long bytes, int seconds) {
  int s = dial(host, port, SOCK_STREAM, seconds);
  if (s < 0) return -s;
  if (push(s, bytes)) return printf("ERR write %s\n", why()), 1;
  return answer(s);
}

static int fetch(const char *host, const char *port, long bytes, int seconds) {
  int s = dial(host, port, SOCK_STREAM, seconds);
  if (s < 0) return -s;
  if (pull(s, bytes)) return printf("ERR read %s\n", errno ? why() : "EOF"), 1;
  return printf("OK %ld bytes\n", bytes), 0;
}

_Noreturn static void hold(const char *file, long bytes) {
  int f = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (f < 0) fail("open", file);
  if (push(f, bytes)) fail("write", file);
  fprintf(stderr, "labsrv: holding %s\n", file);
  for (;;) pause();
}

static int resolve(const char *host) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *to;
  char ip[64];
  int error = getaddrinfo(host, 0, &hints, &to);
  if (error) return printf("ERR %d %s\n", error, gai_strerror(error)), 2;
  for (; to; to = to->ai_next) {
    numeric(to, ip, sizeof ip);
    puts(ip);
  }
  return 0;
}

/* ---- command line ---- */

static int run(int n, char **v) { /* v[0] is the mode, n counts it too */
#define MODE(name, arguments) (n > (arguments) && !strcmp(v[0], name))
  if (MODE("sleep", 0))
    for (;;) pause();
  if (MODE("http", 2)) serve(listening(v[1], v[2], 128), answer_http, 0);
  if (MODE("closer", 2)) serve(listening(v[1], v[2], 128), answer_closer, 0);
  if (MODE("sink", 3)) serve(listening(v[1], v[2], 128), answer_sink, v[3]);
  if (MODE("source", 3)) serve(listening(v[1], v[2], 128), answer_source, v[3]);
  if (MODE("banner", 3)) serve(listening(v[1], v[2], 128), answer_banner, v[3]);
  if (MODE("hang", 3)) {
    listening(v[1], v[2], atoi(v[3]));
    for (;;) pause();
  }
  if (MODE("unix", 1)) serve_unix(v[1]);
  if (MODE("udp", 2)) serve_udp(bound(v[1], v[2], SOCK_DGRAM), 0);
  if (MODE("dns", 3)) serve_udp(bound(v[1], v[2], SOCK_DGRAM), v + 3);
  if (MODE("client", 2)) client(v[1], v[2]);
  if (MODE("get", 2)) return get(v[1], v[2], n > 3 ? atoi(v[3]) : 5);
  if (MODE("ask", 2)) return ask(v[1], v[2], n > 3 ? atoi(v[3]) : 5);
  if (MODE("send", 3)) return send_bytes(v[1], v[2], atol(v[3]), n > 4 ? atoi(v[4]) : 5);
  if (MODE("fetch", 3)) return fetch(v[1], v[2], atol(v[3]), n > 4 ? atoi(v[4]) : 5);
  if (MODE("resolve", 1)) return resolve(v[1]);
  if (MODE("hold", 2)) hold(v[1], atol(v[2]));
  fprintf(stderr, "labsrv: unknown or incomplete: %s\n", n ? v[0] : "(nothing)");
  return 64;
}

int main(int n, char **v) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, end); /* PID 1 ignores signals without a handler */
  signal(SIGINT, end);
  int first = 1, groups = 1;
  for (int i = 1; i < n; i++) groups += !strcmp(v[i], "--");
  if (groups == 1) return run(n - 1, v + 1);
  for (int i = 1; i <= n; i++) {
    if (i < n && strcmp(v[i], "--")) continue;
    if (!fork()) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      return run(i - first, v + first);
    }
    first = i + 1;
  }
  int status; /* the first that ends ends all */
  while (wait(&status) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
