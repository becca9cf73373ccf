package cognito

import (
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// TransportOption sets up a [Transport] in [NewTransport] or [Cognito.HTTPClient].
type TransportOption func(*transportOptions)

type transportOptions struct {
	header, prefix string
	use            TokenUse
	base           http.RoundTripper
	origins        origins

	errs []error
}

func (o *transportOptions) refuse(option, problem string) {
	o.errs = append(o.errs, fieldError(option, problem))
}

// WithHeader sets the header that the token goes into, and what stands before it there. If not set, they are
// "Authorization" and "Bearer ".
func WithHeader(name, prefix string) TransportOption {
	return func(o *transportOptions) {
		if name == "" || !allOf(name, isWord, '-') {
			o.refuse("WithHeader", "want the name of an HTTP header, got "+quote(name))
		}
		if strings.ContainsFunc(prefix, func(r rune) bool { return r < ' ' || r > '~' }) {
			o.refuse("WithHeader", "want a prefix of printable ASCII, got "+quote(prefix))
		}
		o.header, o.prefix = textproto.CanonicalMIMEHeaderKey(name), prefix
	}
}

// WithTokenUse sets which token is sent. If not set, it is the access token.
func WithTokenUse(use TokenUse) TransportOption {
	return func(o *transportOptions) {
		if err := checkUse(use); err != nil {
			o.refuse("WithTokenUse", "want AccessToken or IDToken, got "+quote(string(use)))
		}
		o.use = use
	}
}

// WithBase sets the transport that sends the requests. If not set, or nil, it is [http.DefaultTransport].
func WithBase(rt http.RoundTripper) TransportOption {
	return func(o *transportOptions) {
		if rt != nil {
			o.base = rt
		}
	}
}

// WithOrigins adds the origins that the token may be sent to: scheme, host and port of each URL, such as
// https://api.example.com. The scheme is https, or http for a loopback address. What else a URL has is not looked
// at, but it must not have a user. There is no default.
func WithOrigins(urls ...string) TransportOption {
	return func(o *transportOptions) {
		for i, raw := range urls {
			u, err := url.Parse(raw)
			switch {
			case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil:
				o.refuse("WithOrigins", fmt.Sprintf("want https URLs without a user, such as https://api.example.com, got another at %d", i+1))
			case u.Scheme == "http" && !isLoopback(u.Hostname()):
				o.refuse("WithOrigins", "want https, or http for a loopback address, got "+quote("http://"+u.Host))
			default:
				o.origins = append(o.origins, originOf(u))
			}
		}
	}
}

// origin is where requests go: what browsers call an origin.
type origin struct{ scheme, host, port string }

type origins []origin

func (o origins) have(u *url.URL) bool {
	for _, origin := range o {
		if origin.is(u) {
			return true
		}
	}
	return false
}

func originOf(u *url.URL) origin {
	return origin{u.Scheme, strings.ToLower(u.Hostname()), portOf(u)}
}

// is reports whether u is of the origin. Case does not matter in schemes and hosts; a host with a dot at its end is
// another one.
func (o origin) is(u *url.URL) bool {
	return asciiEqualFold(u.Scheme, o.scheme) && asciiEqualFold(u.Hostname(), o.host) && portOf(u) == o.port
}

// asciiEqualFold compares without regard to case in ASCII alone: a letter of another alphabet is another host.
func asciiEqualFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case asciiEqualFold(u.Scheme, "https"):
		return "443"
	default:
		return "80"
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}
