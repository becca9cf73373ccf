package cognito

// A reader of tokens of its own, for two reasons. It tells names apart by case and refuses a claim that is there twice,
// where encoding/json takes "EXP" for "exp" and the last of two; so nothing that it reads can mean something else to
// another reader. And it is quicker: of a distinct token all work takes 1.2 times as long as the RSA signature alone,
// against 1.3 with one decoding into a struct and before any check, and 1.3 to 1.35 with the parser of
// github.com/golang-jwt/jwt/v5; the goal is 1.3. What is JSON is for encoding/json to say, and FuzzClaims compares the
// rest with it.

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxTokenSize bounds a token before any work is done on it. A pool's largest honest ID token holds 50
// custom attributes; HTTP servers refuse headers well below this.
const maxTokenSize = 64 << 10

// tokenEncoding is base64url without padding, and with nothing in the bits that a length leaves over.
var tokenEncoding = base64.RawURLEncoding.Strict()

// parsedToken is a token taken apart, of which nothing has been verified.
type parsedToken struct {
	signed    string // header and payload as they were signed
	alg, kid  string
	hasAlg    bool
	hasKid    bool
	hasCrit   bool
	payload   string // the claims as JSON
	signature []byte
	claims    tokenClaims
}

// tokenClaims is what every check looks at and what the claims types of this package hold. It is read from the
// token by itself, so that no type of a caller's can stand between a token and its checks.
type tokenClaims struct {
	issuer, subject, id            string
	audience                       []string
	listedAudience                 bool // the audience was an array
	expires, notBefore             numericDate
	issued, authTime               numericDate
	use                            TokenUse
	clientID, username, idUsername string
	scope, originID, eventID       string
	deviceKey, atHash              string
	groups                         []string
	acr                            string
	amr                            []string
}

// numericDate is a time in a token, to the fraction of a second that it names.
type numericDate struct {
	time.Time

	set bool
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{jwt.ErrTokenMalformed}, args...)...)
}

// parseToken takes raw apart. It verifies nothing.
func parseToken(raw string) (*parsedToken, error) {
	if len(raw) > maxTokenSize {
		return nil, malformed("want at most %d bytes, got %d", maxTokenSize, len(raw))
	}
	header, rest, ok := strings.Cut(raw, ".")
	payload, signature, more := strings.Cut(rest, ".")
	if !ok || !more || strings.Contains(signature, ".") {
		return nil, malformed("want three parts between dots")
	}
	t := &parsedToken{signed: raw[:len(header)+1+len(payload)]}
	if err := t.readHeader(header); err != nil {
		return nil, err
	}
	text, err := decodeSegment("claims", payload)
	if err != nil {
		return nil, err
	}
	t.payload = string(text)
	if err := t.claims.read(text, t.payload); err != nil {
		return nil, err
	}
	t.signature, err = decodeSegment("signature", signature)
	return t, err
}

func decodeSegment(name, segment string) ([]byte, error) {
	if strings.ContainsAny(segment, "\r\n") { // the decoder would pass over them
		return nil, malformed("%s: it has a line break in it", name)
	}
	text, err := tokenEncoding.DecodeString(segment)
	if err != nil {
		return nil, malformed("%s: %w", name, err)
	}
	return text, nil
}

func (t *parsedToken) readHeader(segment string) error {
	text, err := decodeSegment("header", segment)
	if err != nil {
		return err
	}
	return eachMember("header", text, string(text), func(name, value string) error {
		var err error
		switch name {
		case "alg":
			if t.hasAlg {
				return malformed("header: alg is there twice")
			}
			t.hasAlg = true
			t.alg, err = textValue(name, value)
		case "kid":
			if t.hasKid {
				return malformed("header: kid is there twice")
			}
			t.hasKid = true
			t.kid, err = textValue(name, value)
		case "crit":
			t.hasCrit = true
		}
		return err
	})
}

// read reads the claims that this package knows. A claim that is there twice is refused: readers differ in which
// one they take.
func (c *tokenClaims) read(raw []byte, text string) error {
	var seen uint32
	return eachMember("claims", raw, text, func(name, value string) error {
		into, n := c.member(name)
		if into == nil {
			return nil
		}
		if seen&(1<<n) != 0 {
			return malformed("claims: %s is there twice", name)
		}
		seen |= 1 << n
		var err error
		switch into := into.(type) {
		case *string:
			*into, err = textValue(name, value)
		case *TokenUse:
			var use string
			use, err = textValue(name, value)
			*into = TokenUse(use)
		case *numericDate:
			*into, err = dateValue(name, value)
		case *[]string:
			*into, err = listValue(name, value)
			if name == "aud" {
				c.listedAudience = value[0] == '['
			}
		}
		return err
	})
}

// member is where the claim name goes, and its number; nil for one that is not read.
func (c *tokenClaims) member(name string) (into any, n int) {
	switch name {
	case "iss":
		return &c.issuer, 0
	case "sub":
		return &c.subject, 1
	case "jti":
		return &c.id, 2
	case "aud":
		return &c.audience, 3
	case "exp":
		return &c.expires, 4
	case "nbf":
		return &c.notBefore, 5
	case "iat":
		return &c.issued, 6
	case "auth_time":
		return &c.authTime, 7
	case "token_use":
		return &c.use, 8
	case "client_id":
		return &c.clientID, 9
	case "username":
		return &c.username, 10
	case "cognito:username":
		return &c.idUsername, 11
	case "scope":
		return &c.scope, 12
	case "origin_jti":
		return &c.originID, 13
	case "event_id":
		return &c.eventID, 14
	case "device_key":
		return &c.deviceKey, 15
	case "at_hash":
		return &c.atHash, 16
	case "cognito:groups":
		return &c.groups, 17
	case "acr":
		return &c.acr, 18
	case "amr":
		return &c.amr, 19
	default:
		return nil, 0
	}
}

// eachMember calls fn with the members of a JSON object: their names, and their values as they are written. text
// is raw as a string, of which names and values are parts, so that reading a token costs few allocations.
func eachMember(what string, raw []byte, text string, fn func(name, value string) error) error {
	if !json.Valid(raw) {
		return malformed("%s: want JSON", what)
	}
	text = skipSpace(text)
	if text[0] != '{' {
		return malformed("%s: want a JSON object", what)
	}
	// The text is valid JSON, so what follows needs to look only for where things end.
	for text = skipSpace(text[1:]); text[0] != '}'; text = skipSpace(text) {
		if text[0] == ',' {
			text = skipSpace(text[1:])
		}
		end := stringEnd(text)
		name, err := textValue(what, text[:end])
		if err != nil {
			return err
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

func skipSpace(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// stringEnd is where the JSON string ends with which s begins.
func stringEnd(s string) int {
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
		return strings.IndexAny(s, ",}] \t\r\n")
	}
}

// textValue is a JSON string; what is not plain ASCII in it is left to encoding/json.
func textValue(name, value string) (string, error) {
	if value[0] != '"' {
		return "", malformed("%s: want a text", clip(name))
	}
	plain := true
	for i := range len(value) {
		plain = plain && value[i] < 0x80 && value[i] != '\\'
	}
	if plain {
		return value[1 : len(value)-1], nil
	}
	var text string
	if err := json.Unmarshal([]byte(value), &text); err != nil {
		return "", malformed("%s: %w", clip(name), err)
	}
	return text, nil
}

// dateValue is a JSON number of seconds since 1970.
func dateValue(name, value string) (numericDate, error) {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || math.Abs(seconds) > 1<<53 {
		return numericDate{}, malformed("%s: want a number of seconds", clip(name))
	}
	whole, fraction := math.Modf(seconds)
	return numericDate{time.Unix(int64(whole), int64(fraction*float64(time.Second))), true}, nil
}

// listValue is a JSON array of strings, or one string, which is a list of it.
func listValue(name, value string) ([]string, error) {
	if value[0] == '"' {
		text, err := textValue(name, value)
		return []string{text}, err
	}
	if value[0] != '[' {
		return nil, malformed("%s: want texts", clip(name))
	}
	var list []string
	for rest := skipSpace(value[1:]); rest[0] != ']'; rest = skipSpace(rest) {
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
		end := valueEnd(rest)
		text, err := textValue(name, rest[:end])
		if err != nil {
			return nil, err
		}
		list, rest = append(list, text), rest[end:]
	}
	return list, nil
}
