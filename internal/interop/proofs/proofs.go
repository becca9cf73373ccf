// Package proofs breaks the proofs of other people's clients, one field at a time. A client signs
// in to a pool of cognitotest through a [Pool], which changes one member of one of its requests on
// the way. The client itself is unchanged, and the same cases apply to every client.
package proofs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocognito/cognito/cognitotest"
)

// Who signs in, with which password.
const (
	Username = "ana"
	Password = "Correct-Horse-1"

	clientID = "1example23456789abcdefghij"
	//nolint:gosec // of a pool that lives as long as a test
	secret = "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihc2"
)

// The sign-ins that a client goes through. Each ends in tokens unless the case breaks it.
const (
	FlowSRP    = "srp"    // USER_SRP_AUTH
	FlowChoice = "choice" // USER_AUTH with PASSWORD_SRP, whose proof has a session
	FlowTOTP   = "totp"   // USER_SRP_AUTH, then SOFTWARE_TOKEN_MFA, by the user totp
	FlowDevice = "device" // USER_SRP_AUTH with a remembered device, then its own proof
)

// The names of exceptions.
const (
	notAuthorized = "NotAuthorizedException"
	invalid       = "InvalidParameterException"
	notFound      = "ResourceNotFoundException"
)

const (
	wrongPassword = "Incorrect username or password."
	wrongSession  = "Invalid session for the user."
	wrongHash     = "Unable to verify secret hash for client " + clientID
	noHash        = "Client " + clientID + " is configured with secret but SECRET_HASH was not received"
)

// Case is one sign-in with one field broken, and how it must end.
type Case struct {
	// Name says what is broken.
	Name string `json:"name"`
	// Flow is the sign-in to go through.
	Flow string `json:"flow"`

	step   string // the operation, or the challenge that is answered
	member string // of the request, or of its parameters
	change change
	kind   string // the exception; "" for tokens
	text   string // its message; "" for one that is not the service's
}

// change returns a broken value for a valid one. earlier is the member's value in the previous
// sign-in. ok is false if the member is to be omitted.
type change func(was, earlier string) (now string, ok bool)

func drop(string, string) (string, bool)  { return "", false }
func blank(string, string) (string, bool) { return "", true }

func replay(_, earlier string) (string, bool) { return earlier, true }

func set(value string) change { return func(string, string) (string, bool) { return value, true } }

// flip changes the first character, and with it the number or bytes that the text means.
func flip(was, _ string) (string, bool) {
	if was == "" {
		return "0", true
	}
	if strings.EqualFold(was[:1], "A") || strings.HasPrefix(was, "1") {
		return "4" + was[1:], true
	}
	return map[bool]string{true: "1", false: "A"}[was[0] >= '0' && was[0] <= '9'] + was[1:], true
}

func cut(was, _ string) (string, bool) { return was[:len(was)/2&^3], true }

// later returns a timestamp one second after the given one.
func later(was, _ string) (string, bool) {
	const layout = "Mon Jan 2 15:04:05 UTC 2006"
	at, err := time.Parse(layout, was)
	if err != nil {
		return err.Error(), true
	}
	return at.Add(time.Second).Format(layout), true
}

// Cases are the cases for clients with a secret or without one, and for the flows that a client
// has.
func Cases(confidential bool, flows ...string) []Case {
	var cases []Case
	for _, flow := range flows {
		cases = append(cases, Case{Name: flow + ", nothing", Flow: flow})
		switch flow {
		case FlowSRP:
			cases = append(cases, begin(flow, confidential)...)
			cases = append(cases, proof(flow, "PASSWORD_VERIFIER", confidential)...)
		case FlowChoice:
			cases = append(cases, begin(flow, confidential)...)
			cases = append(cases, proof(flow, "PASSWORD_VERIFIER", confidential)...)
			cases = append(cases, session("PASSWORD_VERIFIER", "Missing required parameter Session")...)
		case FlowTOTP:
			cases = append(cases, answer(flow, "SOFTWARE_TOKEN_MFA", confidential)...)
			cases = append(cases, session("SOFTWARE_TOKEN_MFA", "Missing required parameter Session")...)
			const step, code = "SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE"
			cases = append(cases, without(step, code), Case{
				step: step, member: code, Name: "another", change: otherCode,
				kind: "CodeMismatchException", text: "Invalid code received for user",
			})
		case FlowDevice:
			cases = append(cases, deviceKey("PASSWORD_VERIFIER", "")...)
			cases = append(cases, deviceKey("DEVICE_SRP_AUTH", "Missing required parameter DEVICE_KEY")...)
			cases = append(cases, publicKey("DEVICE_SRP_AUTH")...)
			cases = append(cases, answer(flow, "DEVICE_SRP_AUTH", confidential)...)
			cases = append(cases, session("DEVICE_SRP_AUTH", "")...)
			cases = append(cases, deviceKey("DEVICE_PASSWORD_VERIFIER", "Missing required parameter DEVICE_KEY")...)
			cases = append(cases, proof(flow, "DEVICE_PASSWORD_VERIFIER", confidential)...)
			cases = append(cases, session("DEVICE_PASSWORD_VERIFIER", "")...)
		}
		for i := range cases {
			if c := &cases[i]; c.Flow == "" {
				c.Flow = flow
				c.Name = fmt.Sprintf("%s, %s, %s %s", flow, c.step, c.Name, c.member)
			}
		}
		cases = append(cases, Case{Name: flow + ", nothing again", Flow: flow})
	}
	return cases
}

// Few returns cases that break each member of each request once. Use it for slow clients.
func Few(cases []Case) []Case {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool {
		if c.change == nil {
			return false
		}
		key := c.Flow + c.step + c.member
		again := seen[key] || strings.Contains(c.Name, ", without ")
		seen[key] = seen[key] || !again
		return again
	})
}

// otherCode returns a wrong code of six digits.
func otherCode(was, _ string) (string, bool) {
	if was == "000000" {
		return "000001", true
	}
	return "000000", true
}

// publicKey breaks SRP_A where it is sent.
func publicKey(step string) []Case {
	return []Case{
		without(step, "SRP_A"),
		{
			step: step, member: "SRP_A", Name: "an empty", change: blank,
			kind: invalid, text: "Missing required parameter SRP_A",
		},
		{step: step, member: "SRP_A", Name: "a zero", change: set("0"), kind: invalid},
		{step: step, member: "SRP_A", Name: "letters for", change: set("xyz"), kind: invalid},
		{step: step, member: "SRP_A", Name: "another", change: flip, kind: notAuthorized, text: wrongPassword},
	}
}

// begin breaks the request that begins a sign-in.
func begin(flow string, confidential bool) []Case {
	const step = "InitiateAuth"
	cases := append(publicKey(step),
		unknownClient(step),
		Case{step: step, member: "AuthFlow", Name: "an unknown", change: set("SRP"), kind: invalid},
	)
	return append(cases, names(flow, step, confidential)...)
}

// without is the case of a request that lacks a required parameter.
func without(step, member string) Case {
	return Case{
		step: step, member: member, Name: "without", change: drop,
		kind: invalid, text: "Missing required parameter " + member,
	}
}

// unknownClient is the case of a request with the ID of an app client that does not exist.
func unknownClient(step string) Case {
	return Case{
		step: step, member: "ClientId", Name: "an unknown", change: set("none"),
		kind: notFound, text: "User pool client none does not exist.",
	}
}

// names breaks the username and the secret hash.
func names(flow, step string, confidential bool) []Case {
	cases := []Case{without(step, "USERNAME")}
	if !confidential {
		text := wrongSession
		if step == "InitiateAuth" || flow == FlowSRP {
			text = wrongPassword // there is no session
		}
		return append(cases, Case{
			step: step, member: "USERNAME", Name: "another", change: set("eve"),
			kind: notAuthorized, text: text,
		})
	}
	return append(cases,
		Case{step: step, member: "USERNAME", Name: "another", change: set("eve"), kind: notAuthorized, text: wrongHash},
		Case{step: step, member: "SECRET_HASH", Name: "without", change: drop, kind: notAuthorized, text: noHash},
		Case{step: step, member: "SECRET_HASH", Name: "another", change: flip, kind: notAuthorized, text: wrongHash},
		Case{step: step, member: "SECRET_HASH", Name: "half a", change: cut, kind: notAuthorized, text: wrongHash},
	)
}

// answer breaks the members that every answer to a challenge has.
func answer(flow, step string, confidential bool) []Case {
	return append(names(flow, step, confidential),
		unknownClient(step),
		Case{step: step, member: "ChallengeName", Name: "an unknown", change: set("SRP"), kind: invalid},
	)
}

// proof breaks an answer that proves a password, the user's or a device's.
func proof(flow, step string, confidential bool) []Case {
	const block, signature, timestamp = "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"
	format := "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."
	cases := []Case{
		{step: step, member: signature, Name: "another", change: flip, kind: notAuthorized, text: wrongPassword},
		{step: step, member: signature, Name: "half a", change: cut, kind: notAuthorized, text: wrongPassword},
		{step: step, member: signature, Name: "an earlier", change: replay, kind: notAuthorized, text: wrongPassword},
		{step: step, member: signature, Name: "no base64 for", change: set("*"), kind: notAuthorized, text: wrongPassword},
		{step: step, member: block, Name: "another", change: flip, kind: notAuthorized, text: wrongPassword},
		{step: step, member: block, Name: "an earlier", change: replay, kind: notAuthorized},
		{step: step, member: block, Name: "half a", change: cut, kind: notAuthorized, text: wrongPassword},
		{step: step, member: timestamp, Name: "a later", change: later, kind: notAuthorized, text: wrongPassword},
		{step: step, member: timestamp, Name: "no date for", change: set("now"), kind: invalid, text: format},
	}
	for _, member := range []string{signature, block, timestamp} {
		cases = append(cases, without(step, member))
	}
	return append(cases, answer(flow, step, confidential)...)
}

// session breaks the session of an answer. missing is the message for an answer without a session,
// or "" if the service does not need one.
func session(step, missing string) []Case {
	cases := []Case{
		{step: step, member: "Session", Name: "another", change: flip, kind: notAuthorized, text: wrongSession},
		{step: step, member: "Session", Name: "an earlier", change: replay, kind: notAuthorized},
		{step: step, member: "Session", Name: "a short", change: set("AYABe"), kind: invalid},
	}
	without := Case{step: step, member: "Session", Name: "without", change: drop}
	if missing != "" {
		without.kind, without.text = invalid, missing
	}
	return append(cases, without)
}

// deviceKey breaks the device key. missing is the message for an answer without a key, or "" if the
// key may be omitted.
func deviceKey(step, missing string) []Case {
	const unknown = "us-east-1_00000000-0000-4000-8000-000000000000"
	cases := []Case{{
		step: step, member: "DEVICE_KEY", Name: "an unknown", change: set(unknown),
		kind: notFound, text: "Device does not exist.",
	}}
	if missing != "" {
		cases = append(cases, Case{
			step: step, member: "DEVICE_KEY", Name: "without", change: drop,
			kind: invalid, text: missing,
		})
	}
	return cases
}

// Outcome is the result of a case, as the client reports it.
type Outcome struct {
	// Name is the name of the case.
	Name string `json:"name"`
	// Error is the exception; "" for tokens. Message is its text.
	Error   string `json:"error"`
	Message string `json:"message"`
}

// Pool is a pool behind a server that breaks the client's requests.
type Pool struct {
	*cognitotest.Server

	// Endpoint is where the client calls the pool.
	Endpoint string
	// Control tells the pool which case comes next, GET /next?case=N, and gives codes, GET /totp.
	Control string

	cases []Case

	mu      sync.Mutex
	armed   *Case
	broken  bool
	answers map[string]*Outcome // the pool's response to the broken request of a case
	earlier map[string]string   // the values of the previous sign-in
	now     map[string]string   // the values of the current sign-in
}

// NewPool starts a pool with the users ana, eve and totp, whose app client has a secret if
// confidential is set.
func NewPool(t *testing.T, confidential bool, cases []Case) *Pool {
	t.Helper()
	client := cognitotest.Client{
		ID:                clientID,
		ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	}
	if confidential {
		client.Secret = secret
	}
	srv := cognitotest.NewServer(cognitotest.Config{
		Clients: []cognitotest.Client{client}, Devices: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true},
	})
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: Username, Password: Password})
	srv.AddUser(cognitotest.User{Username: "eve", Password: "Another-Horse-1"})
	srv.AddUser(cognitotest.User{Username: "totp", Password: Password, MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	p := &Pool{
		Server: srv, cases: cases,
		answers: map[string]*Outcome{}, earlier: map[string]string{}, now: map[string]string{},
	}
	target, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	breaking := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := p.pass(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		proxy := httputil.NewSingleHostReverseProxy(target)
		if answer != nil {
			proxy.ModifyResponse = func(resp *http.Response) error { return p.keep(answer, resp) }
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(breaking.Close)
	control := httptest.NewServer(p.control())
	t.Cleanup(control.Close)
	p.Endpoint, p.Control = breaking.URL, control.URL
	return p
}

func (p *Pool) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /next", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.FormValue("case"))
		if err != nil || n < 0 || n >= len(p.cases) {
			http.Error(w, "want the number of a case", http.StatusBadRequest)
			return
		}
		p.Next(n)
	})
	mux.HandleFunc("GET /totp", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, p.Code()) })
	return mux
}

// Next applies case n to the requests that follow. It advances the clock, so that wrong passwords of
// earlier cases no longer count.
func (p *Pool) Next(n int) {
	p.Advance(16 * time.Minute)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.broken = &p.cases[n], false
	p.earlier, p.now = p.now, map[string]string{}
	maps.Copy(p.now, p.earlier) // until they are sent again
}

// Code returns an unused code of the user totp.
func (p *Pool) Code() string {
	p.Advance(30 * time.Second)
	return p.TOTP("totp")
}

// keep records the pool's response to a request.
func (p *Pool) keep(answer *Outcome, resp *http.Response) error {
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(text))
	var body struct {
		Kind    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answer.Error, answer.Message = body.Kind, body.Message
	return nil
}

// pass breaks a request if the current case is about it. It then returns where to record the
// response.
func (p *Pool) pass(r *http.Request) (*Outcome, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	changed, answer := p.rewrite(r.Header.Get("X-Amz-Target"), text)
	if answer != nil {
		text = changed
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return answer, nil
}

// rewrite records the members of a request. If the case is about one of them, it returns the
// request with that member broken, and where to record the response.
func (p *Pool) rewrite(target string, text []byte) ([]byte, *Outcome) {
	var body map[string]any
	if json.Unmarshal(text, &body) != nil {
		return nil, nil
	}
	_, step, _ := strings.Cut(target, ".")
	params, _ := body["AuthParameters"].(map[string]any)
	if step == "RespondToAuthChallenge" {
		step, _ = body["ChallengeName"].(string)
		params, _ = body["ChallengeResponses"].(map[string]any)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, members := range []map[string]any{body, params} {
		for name, value := range members {
			if text, ok := value.(string); ok {
				p.now[step+" "+name] = text
			}
		}
	}
	c := p.armed
	if c == nil || c.change == nil || p.broken || c.step != step {
		return nil, nil
	}
	members := params
	switch c.member {
	case "Session", "ClientId", "ChallengeName", "AuthFlow":
		members = body
	}
	was, there := members[c.member].(string)
	if !there {
		return nil, nil // a client that does not send it has nothing to break
	}
	if now, ok := c.change(was, p.earlier[step+" "+c.member]); ok {
		members[c.member] = now
	} else {
		delete(members, c.member)
	}
	changed, err := json.Marshal(body)
	if err != nil {
		panic(err) // it was JSON
	}
	answer := &Outcome{Name: c.Name}
	p.broken, p.answers[c.Name] = true, answer
	return changed, answer
}

// Script returns the input of a script in another language, as JSON.
func (p *Pool) Script() []byte {
	text, err := json.Marshal(map[string]any{
		"endpoint": p.Endpoint, "control": p.Control, "region": "us-east-1", "poolId": p.UserPoolID, "clientId": p.ClientID,
		"clientSecret": p.ClientSecret, "username": Username, "password": Password, "cases": p.cases,
	})
	if err != nil {
		panic(err) // there is nothing in it that has no JSON
	}
	return text
}

// Read reads the output of a script: one outcome a line.
func Read(printed []byte) ([]Outcome, error) {
	var outcomes []Outcome
	for line := range strings.Lines(string(printed)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "{") {
			continue
		}
		var o Outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// Check checks that every case ran, that its field was broken, and how it ended. ends
// holds the outcomes of cases in which the client continues by itself after the rejection. Check
// returns the number of rejected cases.
func (p *Pool) Check(t *testing.T, outcomes []Outcome, ends map[string]Outcome) (refused int) {
	t.Helper()
	if len(outcomes) != len(p.cases) {
		t.Fatalf("want %d outcomes, got %d", len(p.cases), len(outcomes))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, c := range p.cases {
		got, answer := outcomes[i], p.answers[c.Name]
		switch {
		case got.Name != c.Name:
			t.Errorf("outcome %d: want %q, got %q", i, c.Name, got.Name)
			continue
		case c.change != nil && answer == nil:
			t.Errorf("%s: the client never sent it", c.Name)
			continue
		}
		if end, ok := ends[c.Name]; ok {
			if got.Error != end.Error || got.Message != end.Message {
				t.Errorf("%s: want %q %q in the end, got %q %q", c.Name, end.Error, end.Message, got.Error, got.Message)
			}
			got = *answer
		}
		if got.Error != c.kind || c.text != "" && got.Message != c.text {
			t.Errorf("%s: want %q %q, got %q %q", c.Name, c.kind, c.text, got.Error, got.Message)
		} else if got.Error != "" {
			refused++
		}
	}
	return refused
}
