package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	many := strings.Builder{}
	for i := range 40 {
		many.WriteString(`"` + strings.Repeat("x", i) + `":1,`)
	}
	for text, want := range map[string]string{
		`{}`: "",
		"\t{ \"a\" : [ 1 , {\"b\":\"]\"} ] ,\n\"c\":\"}\\\"\" }\n": `a=[ 1 , {"b":"]"} ] c="}\""`,
		`{"\u0061":1}`:                   "a=1",
		`{"A":1,"a":2}`:                  "A=1 a=2",
		`{"a":1,"\u0061":2}`:             `error: "a" is there twice`,
		`{"a":{"b":1,"b":2}}`:            `a={"b":1,"b":2}`,
		`[]`:                             "error: want a JSON object",
		`null`:                           "error: want a JSON object",
		`{` + many.String() + `"xxx":1}`: `error: "xxx" is there twice`,
		`{` + many.String() + `"` + strings.Repeat("x", 39) + `":1}`: `error: "` + strings.Repeat("x", 39) + `" is there twice`,
	} {
		var got []string
		err := Members(text, func(name, value string) error {
			got = append(got, name+"="+value)
			return nil
		})
		if err != nil {
			got = []string{"error: " + err.Error()}
		}
		assert.Equal(t, want, strings.Join(got, " "), text)
	}
}

// anyClaims are claims that decode to themselves.
type anyClaims struct {
	jwt.RegisteredClaims

	text string
}

func (c *anyClaims) UnmarshalJSON(data []byte) error { c.text = string(data); return nil }
func (c *anyClaims) Decoded() bool                   { return c.text != "" }

func TestParser(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	join := func(header, claims string) string {
		return encode([]byte(header)) + "." + encode([]byte(claims)) + ".AAAA"
	}
	usual := `{"kid":"one","alg":"RS256"}`
	longest := join(usual, `{}`)
	for fill := MaxSize*3/4 - 200; len(longest) < MaxSize; fill++ {
		longest = join(usual, `{"x":"`+strings.Repeat("x", fill)+`"}`)
	}
	require.Len(t, longest, MaxSize)
	read := func(p *Parser, raw string) (h Header, err error) {
		errKey := errors.New("no key")
		var c anyClaims
		err = p.Parse(raw, &c, func(header Header, _ *jwt.Token) (any, error) {
			h = header
			return nil, errKey
		})
		if errors.Is(err, errKey) {
			err = nil
		}
		return h, err
	}
	for name, tt := range map[string]struct {
		raw  string
		want error
	}{
		"usual":               {join(usual, `{}`), nil},
		"of the maximum size": {longest, nil},
		"critical extension":  {join(`{"kid":"one","alg":"RS256","crit":null}`, `{}`), ErrCritical},
		"null":                {join(usual, `null`), jwt.ErrTokenMalformed},
		"a carriage return":   {join(usual, `{}`) + "\r", jwt.ErrTokenMalformed},
		"a line feed":         {join(usual, `{}`) + "\n", jwt.ErrTokenMalformed},
		"a name twice":        {join(`{"kid":"one","alg":"RS256","kid":"two"}`, `{}`), jwt.ErrTokenMalformed},
	} {
		_, err := read(NewParser("RS256"), tt.raw)
		require.ErrorIs(t, err, tt.want, name)
	}
	_, err := read(NewParser("RS256"), longest+"A")
	require.ErrorContains(t, err, "at most 65536 bytes")
	var c anyClaims
	require.ErrorIs(t, NewParser("RS256").Read(join(usual, `null`), &c), jwt.ErrTokenMalformed)

	balancer := `{"kid":"one","alg":"RS256","signer":"s","client":"c","exp":1}`
	h, err := read(NewPaddedParser("RS256"), join(balancer, `{}`))
	require.NoError(t, err)
	assert.Equal(t, Header{KeyID: "one", Signer: "s", Client: "c", Expires: time.Unix(1, 0)}, h)
	h, err = read(NewParser("RS256"), join(strings.Replace(balancer, `"s"`, "1", 1), `{}`))
	require.NoError(t, err, "a pool's header has no signer to be checked")
	assert.Equal(t, Header{KeyID: "one"}, h)

	_, err = Date("9007199254740992") // 2^53
	require.NoError(t, err)
	_, err = Date("9007199254740994")
	require.Error(t, err)
	_, err = read(NewParser("RS256"), join(`{"alg":"`+strings.Repeat("x", 5000)+`"}`, `{}`))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 300, "a token does not fill the log")
}

// FuzzMembers compares what is read with what encoding/json reads.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":[{"c":"}"}],"d":"\u0041\"","e":-1e5,"f":null}`, `{"a":1,"a":2}`, " {\t} ", `{"\ud800":""}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return
		}
		got, n := map[string]json.RawMessage{}, 0
		err := Members(text, func(name, value string) error {
			n++
			got[name] = json.RawMessage(value)
			return nil
		})
		if err != nil {
			assert.ErrorContains(t, err, "twice")
			return
		}
		assert.Len(t, got, n)
		assert.Equal(t, want, got)
	})
}

func TestValues(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]any{`"a"`: "a", `"\u00e9\n"`: "é\n", `1`: nil, `null`: nil, `["a"]`: nil} {
		text, err := Text(value)
		assert.Equal(t, want == nil, err != nil, value)
		if want != nil {
			assert.Equal(t, want, text)
		}
	}
	for value, want := range map[string][]string{`"a"`: {"a"}, `[ "a" ,"b\"]"]`: {"a", `b"]`}, `["a",1]`: nil, `["a",null]`: nil, `{}`: nil} {
		texts, err := Texts(value)
		assert.Equal(t, want == nil, err != nil, value)
		assert.Equal(t, want, texts)
	}
	for value, want := range map[string]string{`1.5`: "1970-01-01T00:00:01.5Z", `-0.5`: "1969-12-31T23:59:59.5Z", `1e30`: "", `1e400`: "", `"1"`: "", `null`: ""} {
		date, err := Date(value)
		assert.Equal(t, want == "", err != nil, value)
		if want != "" {
			assert.Equal(t, want, date.UTC().Format("2006-01-02T15:04:05.999Z07:00"))
		}
	}
}

// plain are claims that read nothing.
type plain struct {
	jwt.MapClaims
	decoded bool
}

func (p *plain) UnmarshalJSON([]byte) error { p.decoded = true; return nil }
func (p *plain) Decoded() bool              { return p.decoded }

func TestRead(t *testing.T) {
	t.Parallel()
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	p := NewParser("RS256")
	for _, header := range []string{`{"alg":"RS256","kid":"a"}`, `{"alg":"none"}`, `{"alg":"new"}`, `{}`} {
		require.NoError(t, p.Read(part(header)+"."+part("{}")+".", &plain{}), header)
	}
	for name, raw := range map[string]string{
		"alg twice": part(`{"alg":"RS256","alg":"RS256"}`) + "." + part("{}") + ".", "no JSON": part("x") + "." + part("{}") + ".",
		"null": part(`{"alg":"RS256"}`) + "." + part("null") + ".", "two parts": part(`{"alg":"RS256"}`) + "." + part("{}"),
		"a line break": part(`{"alg":"RS256"}`) + "." + part("{}") + "\n.", "padding": part(`{"alg":"RS256"}`) + "=." + part("{}") + ".",
		"too long": part(`{"alg":"RS256"}`) + "." + strings.Repeat("a", MaxSize) + ".",
	} {
		require.ErrorIs(t, p.Read(raw, &plain{}), jwt.ErrTokenMalformed, name)
	}
}

// Only load balancers write more into a header; what others write there is nobody's, and spoils no
// token.
func TestHeaderOfOthers(t *testing.T) {
	t.Parallel()
	p := NewParser("RS256")
	for _, header := range []string{
		`{"alg":"RS256","kid":"a","exp":"x"}`, `{"alg":"RS256","kid":"a","signer":1}`, `{"alg":"RS256","kid":"a","client":[]}`,
	} {
		raw := base64.RawURLEncoding.EncodeToString([]byte(header)) + ".e30.AA"
		h, err := p.header(raw)
		require.NoError(t, err, header)
		assert.Equal(t, Header{KeyID: "a"}, h.Header)
		_, err = NewPaddedParser("RS256").header(raw)
		require.ErrorIs(t, err, jwt.ErrTokenMalformed, header)
	}
}

func TestUsualHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		`{"kid":"a/b+c=","alg":"RS256"}`: "a/b+c= RS256", `{"alg":"RS256","kid":"a"}`: "a RS256", `{"kid":"","alg":""}`: " ",
		`{"kid":"a","alg":"RS256","alg":"x"}`: "", `{"kid":"a","kid":"b"}`: "", `{"alg":"a","alg":"b"}`: "", `{"kid":"a"}`: "",
		`{"kid":"a\"","alg":"RS256"}`: "", `{"kid":"\u0061","alg":"RS256"}`: "", `{"kid":"é","alg":"RS256"}`: "",
		`{"kid":"a","alg":"RS256"} `: "", `{"kid": "a","alg":"RS256"}`: "", `{"kid":"a","alg":"RS256","crit":"x"}`: "",
		`{"KID":"a","alg":"RS256"}`: "", `{"kid":1,"alg":"RS256"}`: "", ``: "", `{}`: "", `{"`: "", "{\"kid\":\"a\n\",\"alg\":\"RS256\"}": "",
	} {
		kid, alg, ok := usualHeader(header)
		got := ""
		if ok {
			got = kid + " " + alg
		}
		assert.Equal(t, want, got, header)
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`"a"`, `"a\n\u00e9"`, `"é"`, "\"\xff\"", `""`, `1`, `-1.5e300`, `9007199254740993`, `true`, `false`, `null`, `[]`, `[ ]`, `{}`, `["a","b"]`,
		`[ "a" , 1 , true , null , "b]" ]`, `["a",["b"]]`, `[{"a":[1]}]`, `{"a":[1,{"b":null}]}`, strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
	} {
		var want any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		require.NoError(t, d.Decode(&want))
		got, err := Value(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}
