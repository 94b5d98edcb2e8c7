"""What the shell scripts of exec_scripts.py have Python or Perl do where the image has it: they tell errors apart.

Attempts are printed as lines of `attempt ADDRESS PORT connected MILLISECONDS AFTER SAID`, what was said in hexadecimal,
or of `attempt ADDRESS PORT error MILLISECONDS - - TEXT`. "-" stands for nothing.
"""

from __future__ import annotations

# For Python 3.4 and later; in an image without a shell it is all there is, so it reads files too.
PYTHON = r"""
import glob, os, signal, socket, sys, time
def put(*words):
    print(*words); sys.stdout.flush()
def look(seconds, six, name):
    signal.alarm(int(seconds))
    for family in (socket.AF_INET, socket.AF_INET6)[:1 + int(six)]:
        try:
            for found in socket.getaddrinfo(name, None, family, socket.SOCK_STREAM):
                put(found[4][0])
        except socket.gaierror as error:
            put("error", error.errno)
        except Exception as error:
            put("error", "0", error)
def hear(line, seconds):
    line.settimeout(seconds)
    try:
        said = line.recv(1024)
    except socket.timeout:
        return "open", b""
    except OSError:
        return "reset", b""
    return "open" if said else "closed", said
def connect(seconds, mode, protocol, hello, *places):
    word = b"" if hello == "-" else bytes.fromhex(hello)
    for address, port in zip(places[::2], places[1::2]):
        began = time.time()
        ms = lambda: round((time.time() - began) * 1000, 2)
        line = None
        try:
            line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                                 socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
            line.settimeout(min(0.5, float(seconds)) if protocol == "udp" else float(seconds))
            line.connect((address, int(port)))
            said = b""
            if protocol == "udp":
                line.send(b""); said = line.recv(1024)
            elif line.getsockname()[:2] == (address, int(port)):
                raise OSError(111, "Connection refused")
            took, after = ms(), "-"
            if mode == "first" and protocol == "tcp":
                after, said = hear(line, 0.04)
                if after == "open" and not said and word:
                    line.sendall(word); said = hear(line, 0.15)[1]
            put("attempt", address, port, "connected", took, after, "".join("%02x" % b for b in said) or "-")
            if mode == "first":
                break
        except socket.timeout:
            put("attempt", address, port, "error", ms(), "-", "-", "Connection timed out")
        except (ConnectionResetError, BrokenPipeError):
            put("attempt", address, port, "connected", ms(), "reset", "-")
            if mode == "first":
                break
        except OSError as error:
            put("attempt", address, port, "error", ms(), "-", "-", error.strerror or error)
        finally:
            if line is not None:
                line.close()
def files(mark, *names):
    def show(title, read):
        put(""); put(mark, title)
        try:
            text = read()
            put(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
        except Exception:
            pass
    for name in names + tuple(sorted(glob.glob("/sys/class/net/*/flags"))):
        show(name, lambda: open(name, "rb").read(1 << 20))
    show("namespace", lambda: os.readlink("/proc/self/ns/net"))
    pids = sorted(int(p) for p in os.listdir("/proc") if p.isdigit())
    if len(pids) <= 64:
        for pid in pids:
            show("stat", lambda: open("/proc/%d/stat" % pid, "rb").read())
            held = lambda: [os.readlink(name) for name in glob.glob("/proc/%d/fd/*" % pid)]
            show("files", lambda: "\n".join(["/proc/%d/fd:" % pid] + held()))
def places(slow, *names):
    for number, name in enumerate(names):
        try:
            # The default of SIGALRM ends us, which is all that helps where a file system hangs.
            signal.alarm(1 if number >= len(names) - int(slow) else 0)
            f = os.stat(name)
            put("found %x %d %d %d %d %d %d %d %d %s" % (f.st_mode, f.st_uid, f.st_gid, f.st_dev, f.st_ino, f.st_nlink,
                                                        f.st_size, f.st_mtime, f.st_ctime, name))
            v = os.statvfs(name)
            put("room %d %d %d %d %d %d %s" % (v.f_frsize, v.f_blocks, v.f_bfree, v.f_bavail, v.f_files, v.f_ffree,
                                               name))
        except OSError as error:
            put("stat: cannot stat '%s': %s" % (name, error.strerror))
{"look": look, "connect": connect, "files": files, "places": places}[sys.argv[1]](*sys.argv[2:])
"""

PERL = r"""
use Socket; use Fcntl; use Errno; use strict; $| = 1;
my $hires = eval { require Time::HiRes; 1 };
my ($act, $seconds, @rest) = @ARGV;
if ($act eq "look") {
  my ($six, $name) = @rest; alarm int $seconds;
  for my $family (AF_INET, $six ? Socket::AF_INET6() : ()) {
    my ($error, @found) = Socket::getaddrinfo($name, "", {family => $family, socktype => SOCK_STREAM});
    print "error ", $error + 0, "\n" if $error;
    print +(Socket::getnameinfo($_->{addr}, Socket::NI_NUMERICHOST()))[1], "\n" for @found;
  }
  exit 0;
}
my ($mode, $protocol, $hello, @places) = @rest;
sub now { $hires ? Time::HiRes::time() : time }
sub ready { my ($line, $wait, $write) = @_; my $bits = ""; vec($bits, fileno $line, 1) = 1;
  $write ? select(undef, $bits, undef, $wait) : select($bits, undef, undef, $wait) }
sub hear { my ($line, $wait) = @_; my $said = "";
  return ("open", "") unless ready($line, $wait);
  my $n = sysread $line, $said, 1024;
  defined $n ? ($n ? "open" : "closed", $said) : ("reset", "") }
while (my ($address, $port) = splice @places, 0, 2) {
  my $six = $address =~ /:/; my $began = now(); my ($failed, $after, $said) = ("", "-", "");
  my $family = $six ? Socket::AF_INET6() : AF_INET;
  my $number = Socket::inet_pton($family, $address);
  my $to = $six ? Socket::pack_sockaddr_in6($port, $number) : pack_sockaddr_in($port, $number);
  my $line;
  if (!socket $line, $family, $protocol eq "udp" ? SOCK_DGRAM : SOCK_STREAM, 0) { $failed = "$!" }
  else {
    fcntl $line, F_SETFL, O_NONBLOCK;
    if (!connect $line, $to) {
      if (!$!{EINPROGRESS}) { $failed = "$!" }
      elsif (!ready($line, $seconds, 1)) { $failed = "Connection timed out" }
      elsif (my $code = unpack "i", getsockopt $line, SOL_SOCKET, SO_ERROR) {
        if ($code == Errno::ECONNRESET()) { $after = "reset" } else { $! = $code; $failed = "$!" }
      }
    }
    if (!$failed && $protocol eq "udp") {
      if (!defined send $line, "", 0) { $failed = "$!" }
      elsif (!ready($line, 0.5)) { $failed = "Connection timed out" }
      elsif (!defined sysread $line, $said, 1024) { $failed = "$!" }
    } elsif (!$failed && getsockname($line) eq (getpeername($line) // "")) { $failed = "Connection refused" }
  }
  my $ms = sprintf "%.2f", 1000 * (now() - $began);
  if (!$failed && $mode eq "first" && $protocol eq "tcp" && $after ne "reset") {
    ($after, $said) = hear($line, 0.04);
    if ($after eq "open" && $said eq "" && $hello ne "-") {
      $SIG{PIPE} = "IGNORE"; syswrite $line, pack "H*", $hello; (undef, $said) = hear($line, 0.15);
    }
  }
  my @told = $failed ? ("error", $ms, "-", "-", $failed) : ("connected", $ms, $after, unpack("H*", $said) || "-");
  print join(" ", "attempt", $address, $port, @told), "\n";
  last if !$failed && $mode eq "first";
}
"""
