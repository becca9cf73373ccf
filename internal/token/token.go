// Package token takes JSON Web Tokens apart and verifies them with a key. The work is that of
// github.com/golang-jwt/jwt/v5; this package adds what that does not do: a bound on size, one spelling of each
// token, and a strict reading of names, where encoding/json takes "EXP" for "exp" and the last of two. So no
// two readers of a token see different claims in it. It does no I/O.
//
// The strict reading is code of its own until encoding/json/v2, which has it, is no longer an experiment.
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

// MaxSize bounds a token before any work is done on it. A pool's largest honest ID token holds 50 custom
// attributes; HTTP servers reject headers well below this.
const MaxSize = 64 << 10

// A Parser parses tokens that are signed with one algorithm. It is safe for concurrent use.
type Parser struct {
	alg     string
	padding bool
	jwt     *jwt.Parser
}

// NewParser makes a parser for an algorithm, such as RS256. The parser does not check claims.
func NewParser(alg string) *Parser { return newParser(alg) }

// NewPaddedParser is [NewParser] for tokens whose segments may be padded, as load balancers write them.
func NewPaddedParser(alg string) *Parser {
	p := newParser(alg, jwt.WithPaddingAllowed())
	p.padding = true
	return p
}

func newParser(alg string, opts ...jwt.ParserOption) *Parser {
	opts = append(opts, jwt.WithValidMethods([]string{alg}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	return &Parser{alg: alg, jwt: jwt.NewParser(opts...)}
}

// Parse decodes raw into claims and verifies its signature with the key that key returns. claims decode
// themselves with [Members]. key is called once the algorithm has been checked and claims have been decoded,
// neither of which is verified at that time; its error is returned as it is. Others wrap a sentinel of golang-jwt.
func (p *Parser) Parse(raw string, claims Claims, key func(Header, *jwt.Token) (any, error)) error {
	h, err := p.header(raw)
	if err != nil {
		return err
	}
	var keyErr error
	_, err = p.jwt.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		var found any
		switch {
		case !claims.Decoded(): // null decodes without being read
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
		return fmt.Errorf("%w: it names no algorithm", jwt.ErrTokenUnverifiable)
	case h.alg != p.alg: // which golang-jwt may not know, and then says otherwise
		return fmt.Errorf("%w: want the algorithm %s, got %s", jwt.ErrTokenSignatureInvalid, p.alg, quote(h.alg))
	default:
		return err
	}
}

// Read decodes raw into claims and verifies nothing.
func (p *Parser) Read(raw string, claims Claims) error {
	if _, err := p.header(raw); err != nil {
		return err
	}
	_, _, err := p.jwt.ParseUnverified(raw, claims)
	if errors.Is(err, jwt.ErrTokenUnverifiable) { // the algorithm, which does not matter yet
		err = nil
	}
	if err == nil && !claims.Decoded() {
		err = malformed("claims: want a JSON object")
	}
	return err
}

// Claims are claims that decode themselves and know whether they did.
type Claims interface {
	jwt.Claims
	json.Unmarshaler
	Decoded() bool
}

// ErrCritical means that the token has critical header extensions.
var ErrCritical = fmt.Errorf("%w: it has critical header extensions, and none is supported", jwt.ErrTokenUnverifiable)

// Header is what the header of a token says.
type Header struct {
	KeyID  string // "" when it names none
	Signer string // the load balancer that signed it; "" elsewhere
	Client string // likewise, the app client

	Expires time.Time // likewise; the zero time when it does not say
}

type header struct {
	Header

	alg             string
	hasAlg, hasCrit bool
}

// header reads the header strictly. golang-jwt decodes it into a map, which takes the last of two members.
func (p *Parser) header(raw string) (h header, err error) {
	if len(raw) > MaxSize {
		return h, malformed("want at most %d bytes, got %d", MaxSize, len(raw))
	}
	if strings.IndexByte(raw, '\r') >= 0 || strings.IndexByte(raw, '\n') >= 0 { // base64 decoders pass over them
		return h, malformed("it has a line break in it")
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

// usualHeader reads a header that is written as pools write it: kid and alg, without spaces and with nothing in the
// two texts that is not plain. ok is false for every other one, which Members reads.
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

// isPlain reports whether s is what stands between the quotes of a JSON string, too.
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

// Member is a member of a JSON object: its name, and its value as it is written.
type Member struct{ Name, Value string }

// Members calls fn with the members of a JSON object: their names, and their values as they are written. A
// name that is there twice is an error: readers differ in which one they take. text must be valid JSON; names and
// values are parts of it, so that reading a token costs few allocations.
func Members(text string, fn func(name, value string) error) error {
	text = skipSpace(text)
	if text == "" || text[0] != '{' {
		return errors.New("want a JSON object")
	}
	var names nameSet
	// The text is valid JSON, so what follows needs to look only for where things end.
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

// nameSet is a set of names, most often of a dozen.
type nameSet struct {
	first [24]string
	n     int
	more  map[string]struct{}
}

// add reports false if the name is there.
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

// stringEnd is where the JSON string ends with which s begins.
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

// valueEnd is where the JSON value ends with which s begins.
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

// Text is a JSON string; escapes and invalid UTF-8 in it are left to encoding/json.
func Text(value string) (string, error) {
	if value[0] != '"' {
		return "", errors.New("want a text")
	}
	if strings.IndexByte(value, '\\') >= 0 || !utf8.ValidString(value) {
		var text string
		err := json.Unmarshal([]byte(value), &text)
		return text, err
	}
	return value[1 : len(value)-1], nil
}

// Texts is a JSON array of strings, or one string, which is a list of it.
func Texts(value string) ([]string, error) {
	switch value[0] {
	case '"':
		text, err := Text(value)
		return []string{text}, err
	case '[':
	default:
		return nil, errors.New("want texts")
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

// Value is any JSON value, as encoding/json decodes it, with numbers as [json.Number].
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

// flatList is a JSON array without arrays and objects in it, such as the groups of a user. ok is false for others,
// which would be scanned once more for each level.
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

// Date is a JSON number of seconds since 1970, to the fraction that it names.
func Date(value string) (time.Time, error) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || math.Abs(seconds) > 1<<53 {
		return time.Time{}, errors.New("want a number of seconds")
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*float64(time.Second))), nil
}

// quote shows a part of a token in an error, bounded.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
