// Package token parses JSON Web Tokens and verifies them with a key. It uses
// github.com/golang-jwt/jwt/v5 and adds what that lacks: a maximum size, one valid encoding of
// each token, and strict matching of names. encoding/json treats "EXP" as "exp", and uses the last
// of two members with the same name. With strict matching, two readers of a token never see
// different claims. The package does no I/O.
//
// encoding/json/v2 matches names strictly. While it is an experiment, this package has its own code
// for that.
package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// MaxSize is the maximum size of a token in bytes. It is checked before any other work. The largest
// honest ID token of a pool has 50 custom attributes; HTTP servers reject headers well below this
// size.
const MaxSize = 64 << 10

// Parser parses tokens that are signed with one algorithm. It is safe for concurrent use.
type Parser struct {
	alg     string
	padding bool
	jwt     *jwt.Parser
}

// NewParser returns a parser for an algorithm, such as RS256. The parser does not check claims.
func NewParser(alg string) *Parser { return newParser(alg) }

// NewPaddedParser is [NewParser] for tokens whose segments may be padded, like those of load
// balancers.
func NewPaddedParser(alg string) *Parser {
	p := newParser(alg, jwt.WithPaddingAllowed())
	p.padding = true
	return p
}

func newParser(alg string, opts ...jwt.ParserOption) *Parser {
	opts = append(opts, jwt.WithValidMethods([]string{alg}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	return &Parser{alg: alg, jwt: jwt.NewParser(opts...)}
}

// Parse decodes raw into claims and verifies its signature with the key that key returns. claims
// decode themselves with [Members]. key is called after the algorithm has been checked and claims
// have been decoded; neither is verified at that time. Parse returns the error of key unchanged.
// Other errors wrap a sentinel of golang-jwt.
func (p *Parser) Parse(raw string, claims Claims, key func(Header, *jwt.Token) (any, error)) error {
	h, err := p.header(raw)
	if err != nil {
		return err
	}
	var keyErr error
	_, err = p.jwt.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		var found any
		switch {
		case !claims.Decoded(): // encoding/json skips UnmarshalJSON for null
			keyErr = malformed("claims: want a JSON object")
		case h.hasCrit:
			keyErr = ErrCritical
		default:
			found, keyErr = key(h.Header, t)
		}
		return found, keyErr
	})
	switch {
	case keyErr != nil:
		return keyErr
	case err == nil || errors.Is(err, jwt.ErrTokenMalformed):
		return err
	case !h.hasAlg:
		return fmt.Errorf("%w: want an algorithm, got none", jwt.ErrTokenUnverifiable)
	case h.alg != p.alg: // golang-jwt has another error for an algorithm that it does not know
		return fmt.Errorf("%w: want the algorithm %s, got %s", jwt.ErrTokenSignatureInvalid, p.alg, quote(h.alg))
	default:
		return err
	}
}

// Read decodes raw into claims. It verifies nothing.
func (p *Parser) Read(raw string, claims Claims) error {
	if _, err := p.header(raw); err != nil {
		return err
	}
	_, _, err := p.jwt.ParseUnverified(raw, claims)
	if errors.Is(err, jwt.ErrTokenUnverifiable) { // an unknown algorithm; Read does not check it
		err = nil
	}
	if err == nil && !claims.Decoded() {
		err = malformed("claims: want a JSON object")
	}
	return err
}

// Claims are claims that decode themselves. Decoded reports whether they did.
type Claims interface {
	jwt.Claims
	json.Unmarshaler
	Decoded() bool
}

// ErrCritical means that the token has critical header extensions.
var ErrCritical = fmt.Errorf("%w: it has critical header extensions, and none is supported", jwt.ErrTokenUnverifiable)

// Header holds the fields of a token's header.
type Header struct {
	KeyID  string // "" if there is none
	Signer string // the load balancer that signed the token; "" if no load balancer did
	Client string // the app client, likewise

	Expires time.Time // likewise; the zero time if there is none
}

type header struct {
	Header

	alg             string
	hasAlg, hasCrit bool
}

// header parses the header strictly. golang-jwt decodes it into a map, which keeps the last of two
// members with the same name.
func (p *Parser) header(raw string) (h header, err error) {
	if len(raw) > MaxSize {
		return h, malformed("want at most %d bytes, got %d", MaxSize, len(raw))
	}
	if strings.IndexByte(raw, '\r') >= 0 || strings.IndexByte(raw, '\n') >= 0 { // base64 decoders ignore them
		return h, malformed("want no line breaks")
	}
	segment, _, ok := strings.Cut(raw, ".")
	if !ok {
		return h, malformed("want three parts between dots")
	}
	text, err := p.jwt.DecodeSegment(segment)
	if err != nil {
		return h, malformed("header: %w", err)
	}
	header := string(text)
	if h.KeyID, h.alg, h.hasAlg = usualHeader(header); h.hasAlg {
		return h, nil
	}
	if !json.Valid(text) {
		return h, malformed("header: want JSON")
	}
	err = Members(header, func(name, value string) (err error) {
		switch name {
		case "alg":
			h.hasAlg = true
			h.alg, err = Text(value)
		case "kid":
			h.KeyID, err = Text(value)
		case "crit":
			h.hasCrit = true
		case "signer":
			if p.padding {
				h.Signer, err = Text(value)
			}
		case "client":
			if p.padding {
				h.Client, err = Text(value)
			}
		case "exp":
			if p.padding {
				h.Expires, err = Date(value)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return h, malformed("header: %w", err)
	}
	return h, nil
}

// usualHeader parses a header in the form that pools write: kid and alg, without spaces, and
// without escapes in the two strings. ok is false for every other header; use Members for those.
func usualHeader(header string) (kid, alg string, ok bool) {
	header, opens := strings.CutPrefix(header, `{"`)
	header, closes := strings.CutSuffix(header, `"}`)
	first, second, two := strings.Cut(header, `","`)
	name1, value1, ok1 := strings.Cut(first, `":"`)
	name2, value2, ok2 := strings.Cut(second, `":"`)
	if !opens || !closes || !two || !ok1 || !ok2 || !isPlain(value1) || !isPlain(value2) {
		return "", "", false
	}
	switch {
	case name1 == "kid" && name2 == "alg":
		return value1, value2, true
	case name1 == "alg" && name2 == "kid":
		return value2, value1, true
	default:
		return "", "", false
	}
}

// isPlain reports whether s is its own encoding in a JSON string.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{jwt.ErrTokenMalformed}, args...)...)
}

// Member is a member of a JSON object. Value is its JSON.
type Member struct{ Name, Value string }

// Members calls fn for each member of the JSON object text, with its name and the JSON of its
// value. It returns an error for a name that occurs twice, because readers differ in which one they
// use. text must be valid JSON. Names and values are substrings of it, so that parsing a token
// costs few allocations.
func Members(text string, fn func(name, value string) error) error {
	text = skipSpace(text)
	if text == "" || text[0] != '{' {
		return errors.New("want a JSON object")
	}
	var names nameSet
	// The text is valid JSON, so it is enough to find the ends of strings and values.
	for text = skipSpace(text[1:]); text[0] != '}'; text = skipSpace(text) {
		if text[0] == ',' {
			text = skipSpace(text[1:])
		}
		end := stringEnd(text)
		name, err := Text(text[:end])
		if err != nil {
			return err
		}
		if !names.add(name) {
			return fmt.Errorf("%s is there twice", quote(name))
		}
		text = skipSpace(skipSpace(text[end:])[1:]) // the colon
		end = valueEnd(text)
		if err := fn(name, text[:end]); err != nil {
			return err
		}
		text = text[end:]
	}
	return nil
}

// nameSet is a set of names. It allocates only for more than 24 names; most tokens have a dozen.
type nameSet struct {
	first [24]string
	n     int
	more  map[string]struct{}
}

// add adds name. It reports false if name is already in the set.
func (s *nameSet) add(name string) bool {
	if slices.Contains(s.first[:s.n], name) {
		return false
	}
	if s.n < len(s.first) {
		s.first[s.n] = name
		s.n++
		return true
	}
	if _, ok := s.more[name]; ok {
		return false
	}
	if s.more == nil {
		s.more = map[string]struct{}{}
	}
	s.more[name] = struct{}{}
	return true
}

func skipSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// stringEnd returns the index after the JSON string at the start of s.
func stringEnd(s string) int {
	end := 1 + strings.IndexByte(s[1:], '"')
	if strings.IndexByte(s[:end], '\\') < 0 {
		return end + 1
	}
	for i := 1; ; i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd returns the index after the JSON value at the start of s.
func valueEnd(s string) int {
	switch s[0] {
	case '"':
		return stringEnd(s)
	case '{', '[':
		for i, depth := 0, 0; ; i++ {
			switch s[i] {
			case '"':
				i += stringEnd(s[i:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
		}
	default:
		for i := range len(s) {
			if c := s[i]; c == ',' || c == '}' || c == ']' || isSpace(c) {
				return i
			}
		}
		return len(s)
	}
}

// Text returns the string that value encodes. It uses encoding/json for escapes and invalid UTF-8.
func Text(value string) (string, error) {
	if value[0] != '"' {
		return "", errors.New("want a string")
	}
	if strings.IndexByte(value, '\\') >= 0 || !utf8.ValidString(value) {
		var text string
		err := json.Unmarshal([]byte(value), &text)
		return text, err
	}
	return value[1 : len(value)-1], nil
}

// Texts returns the strings of the JSON array value. It treats a single string as an array of one.
func Texts(value string) ([]string, error) {
	switch value[0] {
	case '"':
		text, err := Text(value)
		return []string{text}, err
	case '[':
	default:
		return nil, errors.New("want strings")
	}
	var list []string
	for rest := skipSpace(value[1:]); rest[0] != ']'; rest = skipSpace(rest) {
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
		end := valueEnd(rest)
		text, err := Text(rest[:end])
		if err != nil {
			return nil, err
		}
		list, rest = append(list, text), rest[end:]
	}
	return list, nil
}

// Value decodes any JSON value as encoding/json does, with numbers as [json.Number].
func Value(value string) (any, error) {
	switch value[0] {
	case '"':
		return Text(value)
	case '[':
		if list, ok := flatList(value); ok {
			return list, nil
		}
		return decode(value)
	case '{':
		return decode(value)
	case 't':
		return true, nil
	case 'f':
		return false, nil
	case 'n':
		return nil, nil
	default:
		return json.Number(value), nil
	}
}

func decode(value string) (decoded any, err error) {
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	err = d.Decode(&decoded)
	return decoded, err
}

// flatList decodes a JSON array without nested arrays and objects, such as the groups of a user. ok
// is false for others, which flatList would scan once for each level.
func flatList(value string) (list []any, ok bool) {
	list = []any{}
	for rest := skipSpace(value[1:]); rest[0] != ']'; rest = skipSpace(rest) {
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
		if rest[0] == '[' || rest[0] == '{' {
			return nil, false
		}
		end := valueEnd(rest)
		element, err := Value(rest[:end])
		if err != nil {
			return nil, false
		}
		list, rest = append(list, element), rest[end:]
	}
	return list, true
}

// Date returns the time that value encodes: a JSON number of seconds since 1970. It keeps
// fractions.
func Date(value string) (time.Time, error) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || math.Abs(seconds) > 1<<53 {
		return time.Time{}, errors.New("want a number of seconds")
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*float64(time.Second))), nil
}

// quote returns a part of a token for an error, with a bounded length.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
