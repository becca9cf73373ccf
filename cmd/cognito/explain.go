package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/term"

	"github.com/gocognito/cognito"
)

var explainCommand = command{
	name: "explain", arguments: "[TOKEN]", summary: "say what is in a token, and whether it is valid",
	description: `
It says what is in an access or ID token, verifies it, and says what is wrong with it.
It exits with 0 if the token is valid. The token is read from standard input:

	cognito token | cognito explain

A token can also be an argument, but arguments show in the list of processes and in the
shell's history. Claims are printed, the signature is not.

Without -pool the token is verified with the keys of the pool that it names, and without
-client it may be of any app client.`,
	prepare: func(p program, flags *flag.FlagSet) func(context.Context, []string) error {
		e := &explainRun{program: p}
		e.flags(flags)
		flags.StringVar(&e.use, "use", "", "want an access or an id token; either if empty")
		flags.BoolVar(&e.online, "online", false, "ask the pool whether an access token was revoked")
		flags.BoolVar(&e.json, "json", false, "print the result as JSON")
		return e.run
	},
}

// explainRun is a run of the command explain.
type explainRun struct {
	program
	settings
	use          string
	online, json bool
}

// The verdicts on a token.
const (
	valid   = "valid"
	invalid = "invalid"
	unknown = "unknown" // it could not be checked
)

// explanation is the result. Its claims are not verified unless the verdict is valid.
type explanation struct {
	Verdict   string         `json:"verdict"`
	Reasons   []reason       `json:"reasons,omitempty"`
	Notes     []string       `json:"notes,omitempty"`
	Use       string         `json:"token_use,omitempty"`
	Pool      string         `json:"user_pool_id,omitempty"`
	Issuer    string         `json:"issuer,omitempty"`
	Client    string         `json:"client_id,omitempty"`
	User      string         `json:"username,omitempty"`
	Algorithm string         `json:"algorithm,omitempty"`
	KeyID     string         `json:"key_id,omitempty"`
	SignedIn  *time.Time     `json:"signed_in_at,omitempty"`
	Issued    *time.Time     `json:"issued_at,omitempty"`
	Expires   *time.Time     `json:"expires_at,omitempty"`
	Claims    map[string]any `json:"claims,omitempty"`
}

// reason is why a token is not valid.
type reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (e *explainRun) run(ctx context.Context, args []string) error {
	if e.use != "" && e.use != string(cognito.AccessToken) && e.use != string(cognito.IDToken) {
		return usageError(fmt.Sprintf("-use: want access or id, got %q", e.use))
	}
	raw, err := e.token(ctx, args)
	if err != nil {
		return err
	}
	if err := e.complete(e.program); err != nil {
		return err
	}
	x, err := e.explain(ctx, raw)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if e.json {
		err = printJSON(e.stdout, x)
	} else {
		err = x.print(e.stdout, time.Now())
	}
	if err == nil && x.Verdict != valid {
		err = errReported
	}
	return err
}

// token returns the token of the argument or of standard input. It may be a header.
func (e *explainRun) token(ctx context.Context, args []string) (string, error) {
	var text string
	switch {
	case len(args) > 1:
		return "", usageError("want one token, and flags before it")
	case len(args) == 1 && args[0] != "-":
		text = args[0]
	case term.IsTerminal(descriptor(e.stdin)):
		// A terminal would cut a line of this length off.
		return "", usageError("want the token on standard input, such as: cognito token | cognito explain")
	default:
		var err error
		if text, err = readAll(ctx, e.stdin); err != nil {
			return "", err
		}
	}
	words := strings.Fields(text)
	for len(words) > 1 && (strings.EqualFold(words[0], "Authorization:") || strings.EqualFold(words[0], "Bearer")) {
		words = words[1:]
	}
	switch len(words) {
	case 0:
		return "", usageError("want a token on standard input, got none; such as: cognito token | cognito explain")
	case 1:
		return words[0], nil
	default:
		return "", usageError(fmt.Sprintf("want one token, got %d words", len(words)))
	}
}

// readAll reads a text until its end or until ctx is done.
func readAll(ctx context.Context, in io.Reader) (string, error) {
	type content struct {
		text []byte
		err  error
	}
	read := make(chan content, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(in, maxInput))
		read <- content{text, err}
	}()
	select {
	case c := <-read:
		return string(c.text), c.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// explain takes raw apart and verifies it. The error is one of the settings.
func (e *explainRun) explain(ctx context.Context, raw string) (*explanation, error) {
	x := &explanation{Verdict: invalid}
	if strings.Count(raw, ".") == 4 {
		x.add("encrypted", "It is encrypted, as refresh tokens are. Only the pool can read it.")
		return x, nil
	}
	var claims jwt.MapClaims
	parsed, _, err := jwt.NewParser(jwt.WithJSONNumber()).ParseUnverified(raw, &claims)
	if parsed == nil || errors.Is(err, jwt.ErrTokenMalformed) || claims == nil {
		x.add("malformed", "It is no JSON Web Token: want three parts of base64url with points between them.")
		return x, nil
	}
	x.describe(parsed.Header, claims)
	verify, err := e.verifier(x)
	if err != nil || verify == nil {
		return x, err
	}
	err = verify(ctx, raw)
	x.judge(err, e)
	if x.expiredOnly() {
		// The other checks come after that of the times, so they are made for the moment before it
		// expired.
		before, err := e.verifier(x, cognito.WithClock(func() time.Time { return x.Expires.Add(-time.Second) }))
		if err != nil {
			return nil, err
		}
		if err := before(ctx, raw); err != nil {
			x.judge(err, e)
		} else {
			x.Notes = append(x.Notes, "Apart from that it is good.")
		}
	}
	return x, nil
}

// describe sets what the token says about itself.
func (x *explanation) describe(header, claims map[string]any) {
	text := func(from map[string]any, names ...string) string {
		for _, name := range names {
			if s, ok := from[name].(string); ok && s != "" {
				return s
			}
		}
		return ""
	}
	x.Claims = claims
	x.Algorithm, x.KeyID = text(header, "alg"), text(header, "kid")
	x.Use, x.Issuer = text(claims, "token_use"), text(claims, "iss")
	x.Client = text(claims, "client_id", "aud")
	x.User = text(claims, "username", "cognito:username", "sub")
	for name, at := range map[string]**time.Time{"auth_time": &x.SignedIn, "iat": &x.Issued, "exp": &x.Expires} {
		*at = date(jwt.MapClaims{"exp": claims[name]})
	}
}

// date returns the claim exp, or nil if it is no time.
func date(claims jwt.MapClaims) *time.Time {
	at, err := claims.GetExpirationTime()
	if err != nil || at == nil || at.Year() < 1970 || at.Year() > 9999 {
		return nil
	}
	utc := at.UTC()
	return &utc
}

// verifier returns a function that verifies a token like x. The function is nil if x cannot be
// verified at all.
func (e *explainRun) verifier(
	x *explanation, more ...cognito.VerifierOption,
) (func(context.Context, string) error, error) {
	x.Pool = e.Pool
	if x.Pool == "" {
		// The host that the token names is not asked: the verifier knows the issuers of a pool.
		x.Pool = x.Issuer[strings.LastIndex(x.Issuer, "/")+1:]
	}
	options := append([]cognito.VerifierOption{cognito.WithLogger(e.logger())}, more...)
	clients := []string{e.Client}
	if e.Client == "" {
		clients = nil
		options = append(options, cognito.WithAnyClient())
	}
	if e.Region != "" {
		options = append(options, cognito.WithRegions(e.Region))
	}
	if e.Endpoint != "" {
		options = append(options, cognito.WithEndpoint(e.Endpoint))
	}
	if e.online && more == nil {
		options = append(options, cognito.WithRevocationCheck(time.Minute))
	}
	v, err := cognito.NewVerifier(x.Pool, clients, options...)
	switch {
	case err != nil && e.Pool == "":
		if _, again := cognito.NewVerifier("us-east-1_aaaaaaaaa", clients, options...); again != nil {
			return nil, usageError(again.Error()) // not the pool's fault
		}
		x.Pool = ""
		x.add("issuer", "Its issuer, "+named(x.Issuer)+", is no user pool.")
		return nil, nil
	case err != nil:
		return nil, usageError(err.Error())
	}
	use := cognito.TokenUse(e.use)
	if use == "" {
		use = cognito.AccessToken
		if x.Use == string(cognito.IDToken) {
			use = cognito.IDToken
		}
	}
	return func(ctx context.Context, raw string) error {
		var err error
		if use == cognito.IDToken {
			_, err = v.VerifyIDToken(ctx, raw)
		} else {
			_, err = v.VerifyAccessToken(ctx, raw)
		}
		return err
	}, nil
}

// judge sets the verdict from what the verifier said.
func (x *explanation) judge(err error, e *explainRun) {
	if err == nil {
		x.Verdict = valid
		if e.Pool == "" {
			x.Notes = append(x.Notes, "The pool is the one that the token names. Give -pool to check that it is the right one.")
		}
		if e.Client == "" {
			x.Notes = append(x.Notes, "The app client was not checked; give -client.")
		}
		if !e.online {
			x.Notes = append(x.Notes, "The pool was not asked whether the token was revoked; give -online.")
		} else if x.Use == string(cognito.IDToken) {
			x.Notes = append(x.Notes, "The pool cannot be asked whether an ID token was revoked.")
		}
		return
	}
	code, text := x.reason(err, e)
	x.add(code, text)
	if code == "keys" || code == "service" {
		x.Verdict = unknown
	}
}

// reason returns a code and a text for why the verifier refused x.
func (x *explanation) reason(err error, e *explainRun) (code, text string) {
	if refused, ok := errors.AsType[*cognito.TokenError](err); ok {
		err = refused.Reason
	}
	switch {
	case errors.Is(err, cognito.ErrKeysUnavailable):
		return "keys", "It could not be checked, because the pool's keys could not be fetched: " + err.Error()
	case errors.Is(err, cognito.ErrRevocationUnknown):
		return "service", "The pool could not be asked whether it was revoked: " + err.Error()
	case errors.Is(err, cognito.ErrTokenRevoked):
		return "revoked", "It was revoked: its user has signed out, or is disabled or deleted."
	case errors.Is(err, jwt.ErrTokenExpired):
		return "expired", "It has expired."
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "early", "It is not valid yet: " + err.Error()
	case errors.Is(err, cognito.ErrTokenIssuer):
		text = "It was issued by " + named(x.Issuer) + ", not by the user pool " + x.Pool + "."
		if strings.HasPrefix(x.Issuer, "http://") {
			text += " To check a token of a local pool, use -endpoint."
		}
		return "issuer", text
	case errors.Is(err, cognito.ErrTokenUse):
		return "use", "It is for another use: want an " + useName(e.use, "access") + " token, got " + named(x.Use) + "."
	case errors.Is(err, cognito.ErrTokenClient):
		return "client", "It was issued to the app client " + named(x.Client) + ", not to " + e.Client + "."
	case errors.Is(err, cognito.ErrUnknownKey):
		return "key", "The pool has no key " + named(x.KeyID) + ": it is forged, or the pool has withdrawn the key."
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return "signature", "Its signature does not fit: it was changed or forged."
	default:
		return "invalid", err.Error()
	}
}

// expiredOnly reports whether all that is known to be wrong is that x has expired.
func (x *explanation) expiredOnly() bool {
	return len(x.Reasons) == 1 && x.Reasons[0].Code == "expired" && x.Expires != nil
}

func (x *explanation) add(code, text string) {
	x.Reasons = append(x.Reasons, reason{Code: code, Text: text})
}

// named quotes a name that a token has.
func named(name string) string {
	if name == "" {
		return "none"
	}
	return fmt.Sprintf("%q", name)
}

func useName(use, none string) string {
	switch use {
	case "":
		return none
	case string(cognito.IDToken):
		return "ID"
	default:
		return use
	}
}

// print writes x as text.
func (x *explanation) print(out io.Writer, now time.Time) error {
	var b strings.Builder
	switch x.Verdict {
	case valid:
		b.WriteString("The token is valid.\n")
	case invalid:
		b.WriteString("The token is NOT valid.\n")
	default:
		b.WriteString("It is NOT known whether the token is valid.\n")
	}
	for _, r := range x.Reasons {
		b.WriteString(printable(r.Text) + "\n")
	}
	for _, note := range x.Notes {
		b.WriteString(note + "\n")
	}
	if x.Claims == nil {
		_, err := io.WriteString(out, b.String())
		return err
	}
	b.WriteString("\n")
	if x.Verdict != valid {
		b.WriteString("What it says, which nobody vouches for:\n")
	}
	kind := ""
	switch x.Use {
	case string(cognito.IDToken):
		kind = "ID token: who the user is"
	case string(cognito.AccessToken):
		kind = "access token: what its bearer may do"
	case "":
	default:
		kind = x.Use
	}
	for _, row := range [][2]string{
		{"token", kind},
		{"user", x.User},
		{"user pool", x.Pool},
		{"issuer", x.Issuer},
		{"app client", x.Client},
		{"signed in", moment(x.SignedIn, now)},
		{"issued", moment(x.Issued, now)},
		{"expires", moment(x.Expires, now)},
		{"signed with", strings.TrimSpace(x.Algorithm + " " + x.KeyID)},
	} {
		if row[1] != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", row[0], printable(row[1]))
		}
	}
	claims, err := indented(x.Claims, "  ")
	if err != nil {
		return err
	}
	b.WriteString("\nClaims:\n  " + claims)
	_, err = io.WriteString(out, b.String())
	return err
}

// moment says when at is, seen from now; "" if it is nil.
func moment(at *time.Time, now time.Time) string {
	if at == nil {
		return ""
	}
	text := at.Format("2006-01-02 15:04:05 MST")
	if d := at.Sub(now); d >= 0 {
		return text + ", in " + inWords(d)
	}
	return text + ", " + inWords(now.Sub(*at)) + " ago"
}

// inWords says about how long d is.
func inWords(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if d >= 2*unit.size {
			return fmt.Sprintf("%d %ss", d/unit.size, unit.name)
		}
	}
	if d/time.Second == 1 {
		return "1 second"
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
