package cognito_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// TestSessionModel interleaves what happens to sessions at random and compares them after every
// step with what a session promises. The seed decides the steps. MODEL_RUNS is how many seeds are
// tried.
func TestSessionModel(t *testing.T) {
	t.Parallel()
	runs := 12
	if text := os.Getenv("MODEL_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "MODEL_RUNS: want a number")
		runs = n
	}
	for seed := range runs {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, seed)
			for range 25 {
				m.step()
			}
			m.settle()
		})
	}
}

// model is what a run knows of the sessions.
type model struct {
	t      *testing.T
	srv    *cognitotest.Server
	random *rand.Rand
	trace  []string

	// What may fail in this run.
	rotation, storeFaults, lostReplies, keyOutages bool

	stores []*modelStore
	values []*value
}

// value is a Cognito of the run. A restart replaces it.
type value struct {
	name  string
	c     *cognito.Cognito
	user  string
	store *modelStore
	gone  map[string]bool // the sign-ins that this value has signed out

	transport *cognito.Transport
}

// modelStore is a store that fails when it is told to. Each process has its own view of it.
type modelStore struct {
	inner lockingStore

	mu                                       sync.Mutex // protects the fields below
	failLoad, failSave, failDelete, failLock bool
	garbage                                  bool // the content is unreadable until it is replaced

	live  liveness // of the owner's session; touched between steps only
	owner string
}

type lockingStore interface {
	cognito.TokenStore
	cognito.TokenLocker
}

// liveness is whether a store must have a session.
type liveness int

const (
	unknown liveness = iota
	alive
	over
)

var errModelStore = errors.New("the store fails")

// view is a process's view of a store: values over one view share a queue, those over two share
// only the store's lock.
type view struct{ *modelStore }

func (s *modelStore) Load(ctx context.Context) (cognito.Tokens, error) {
	s.mu.Lock()
	fail, garbage := s.failLoad, s.garbage
	s.mu.Unlock()
	switch {
	case fail:
		return cognito.Tokens{}, errModelStore
	case garbage:
		return cognito.Tokens{}, fmt.Errorf("%w: truncated", cognito.ErrStoreContent)
	}
	return s.inner.Load(ctx)
}

func (s *modelStore) Save(ctx context.Context, tokens cognito.Tokens) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failSave {
		return errModelStore
	}
	s.garbage = false
	return s.inner.Save(ctx, tokens)
}

func (s *modelStore) Delete(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failDelete {
		return errModelStore
	}
	s.garbage = false
	return s.inner.Delete(ctx)
}

func (s *modelStore) Lock(ctx context.Context) (func(), error) {
	s.mu.Lock()
	fail := s.failLock
	s.mu.Unlock()
	if fail {
		return nil, errModelStore
	}
	return s.inner.Lock(ctx)
}

func (s *modelStore) heal() { s.set(false, false, false, false) }

func (s *modelStore) set(load, save, remove, lock bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failLoad, s.failSave, s.failDelete, s.failLock = load, save, remove, lock
}

// spoil makes the content unreadable until it is replaced.
func (s *modelStore) spoil() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.garbage = true
}

// content is what the store holds, whatever fails; none where that is unreadable.
func (s *modelStore) content(t *testing.T) cognito.Tokens {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.garbage {
		return cognito.Tokens{}
	}
	tokens, err := s.inner.Load(t.Context())
	require.NoError(t, err)
	return tokens
}

func newModel(t *testing.T, seed int) *model {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(seed), 10))
	m := &model{
		t: t, random: random,
		rotation: random.IntN(3) > 0, storeFaults: random.IntN(2) == 0, lostReplies: random.IntN(3) == 0, keyOutages: random.IntN(3) == 0,
	}
	client := cognitotest.Client{
		ID: testClient, RefreshTokenRotation: m.rotation,
		ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	}
	if m.rotation {
		client.ExplicitAuthFlows = client.ExplicitAuthFlows[:2]
	}
	m.srv = newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	m.srv.AddUser(cognitotest.User{Username: "mallory", Password: testPassword})
	m.stores = []*modelStore{
		{inner: cognito.NewMemoryStore(), live: over},
		{inner: cognito.NewFileStore(filepath.Join(t.TempDir(), "tokens.json")), live: over},
	}
	for i, store := range m.stores { // two processes over each, the first with two values, and a second user
		first, second := &view{store}, &view{store}
		m.values = append(m.values,
			m.newValue(fmt.Sprintf("%d/a1", i), "bob", store, first), m.newValue(fmt.Sprintf("%d/a2", i), "bob", store, first),
			m.newValue(fmt.Sprintf("%d/b", i), "bob", store, second))
	}
	m.values = append(m.values, m.newValue("0/m", "mallory", m.stores[0], &view{m.stores[0]}))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with: MODEL_RUNS=%d go test -run '^TestSessionModel$/^seed=%d$' .\nrotation %t, store faults %t, lost replies %t, key outages %t\n%s",
				seed+1, seed, m.rotation, m.storeFaults, m.lostReplies, m.keyOutages, strings.Join(m.trace, "\n"))
		}
	})
	return m
}

func (m *model) newValue(name, user string, store *modelStore, over cognito.TokenStore) *value {
	base := newClient(m.t, m.srv, cognito.WithClientOptions(noBackoff))
	c := base.ForUser(user, cognito.WithTokenStore(over))
	return &value{
		name: name, user: user, store: store, gone: map[string]bool{}, c: c,
		transport: cognito.NewTransport(c, "", cognito.WithOrigins(api), cognito.WithBase(modelAPI{})),
	}
}

// modelAPI is an API that takes against a third of the tokens. What it is sent the action in the
// context learns.
type modelAPI struct{}

func (modelAPI) RoundTrip(req *http.Request) (*http.Response, error) {
	a, token := req.Context().Value(actionKey{}).(*action), strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	a.sent = append(a.sent, token)
	status := http.StatusOK
	if sha256.Sum256([]byte(token))[0]%3 == 0 {
		status = http.StatusUnauthorized
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: req}, nil
}

type actionKey struct{}

// action is one call of a step and how it ended.
type action struct {
	v      *value
	op     string
	before [2]cognito.Tokens // the session's and the store's
	got    cognito.Tokens
	claims *cognito.AccessClaims
	sent   []string // the access tokens of a request and its repetition
	err    error
}

func (a *action) do(ctx context.Context) {
	switch c := a.v.c; a.op {
	case "sign-in":
		a.err = c.Authenticate(ctx, testPassword, cognito.Flow("USER_PASSWORD_AUTH"))
	case "SRP sign-in":
		a.err = c.Authenticate(ctx, testPassword)
	case "request":
		a.err = a.request(ctx)
	case "token":
		a.got, a.err = c.Token(ctx)
		a.claims = c.AccessClaims()
	case "renew":
		a.err = c.RenewAccessToken(ctx)
	case "verify":
		a.err = c.VerifyTokens(ctx)
	case "logout":
		a.err = c.Logout(ctx)
	case "revoke":
		a.err = c.RevokeToken(ctx)
	case "forget":
		a.err = c.ForgetTokens(ctx)
	}
}

func (a *action) request(ctx context.Context) error {
	req, err := http.NewRequestWithContext(context.WithValue(ctx, actionKey{}, a), http.MethodGet, api, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := a.v.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (a *action) signsIn() bool { return a.op == "sign-in" || a.op == "SRP sign-in" }

// wantsTokens reports whether the action must succeed wherever there is a session.
func (a *action) wantsTokens() bool { return a.op == "token" || a.op == "request" }

func (a *action) signsOut() bool { return a.op == "logout" || a.op == "revoke" || a.op == "forget" }

var modelOps = []string{
	"sign-in", "SRP sign-in", "token", "token", "token", "request", "request", "renew", "renew", "verify", "logout", "revoke", "forget",
}

func (m *model) note(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf(format, args...))
}

// step is one step of a run: something around the sessions changes, or one call is made, or several
// at once.
func (m *model) step() {
	switch n := m.random.IntN(20); {
	case n < 3:
		d := []time.Duration{time.Minute, 58 * time.Minute, 3 * time.Hour}[m.random.IntN(3)]
		m.note("advance %v", d)
		m.srv.Advance(d)
	case n < 5:
		m.restart()
	case n < 7 && m.storeFaults:
		m.breakStore()
	case n < 8 && m.keyOutages:
		m.note("no keys")
		m.srv.RotateKeys()
		m.srv.Fault(cognitotest.Fault{Op: "JWKS", Times: 1 + m.random.IntN(4)})
	case n < 9 && m.lostReplies:
		m.note("lost reply")
		m.srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLostReply, Times: 1 + m.random.IntN(2)})
	case n < 10:
		m.note("faults end")
		m.endFaults()
	case n < 15:
		m.calls(1)
	default:
		m.calls(2 + m.random.IntN(5))
	}
	m.check()
}

func (m *model) endFaults() {
	m.srv.ClearFaults()
	for _, s := range m.stores {
		s.heal()
	}
}

// restart makes a new value, which knows what is in the store only.
func (m *model) restart() {
	v := m.values[m.random.IntN(len(m.values))]
	m.note("restart %s", v.name)
	gone := v.gone
	*v = *m.newValue(v.name, v.user, v.store, &view{v.store})
	v.gone = gone
	if m.storeFaults || m.keyOutages || m.lostReplies {
		v.store.live = unknown
	}
}

func (m *model) breakStore() {
	s := m.random.IntN(len(m.stores))
	load, save, remove, lock := m.random.IntN(3) == 0, m.random.IntN(2) == 0, m.random.IntN(3) == 0, m.random.IntN(3) == 0
	garbage := m.random.IntN(5) == 0
	m.note("store %d fails: load %t, save %t, delete %t, lock %t, garbage %t", s, load, save, remove, lock, garbage)
	store := m.stores[s]
	store.set(load, save, remove, lock)
	store.mu.Lock()
	store.garbage = store.garbage || garbage
	store.mu.Unlock()
	store.live = unknown
}

// calls makes n calls at once and waits for all.
func (m *model) calls(n int) {
	var actions []*action
	var names []string
	for range n {
		v := m.values[m.random.IntN(len(m.values))]
		a := &action{v: v, op: modelOps[m.random.IntN(len(modelOps))], before: [2]cognito.Tokens{v.c.Tokens(), v.store.content(m.t)}}
		actions, names = append(actions, a), append(names, v.name+" "+a.op)
	}
	spent, ctx := m.refreshes(), m.t.Context()
	var wg sync.WaitGroup
	for _, a := range actions {
		wg.Go(func() { a.do(ctx) })
	}
	wg.Wait()
	m.note("%s", strings.Join(names, ", "))
	for _, a := range actions {
		m.note("  %s %s: %v", a.v.name, a.op, a.err)
	}
	failed := false
	ended := map[*value][]string{} // later than all calls of the step, of which some may have come before
	for _, a := range actions {
		ended[a.v] = append(ended[a.v], m.judge(a, actions)...)
		failed = failed || a.err != nil
	}
	for _, a := range actions {
		m.expect(a, n)
	}
	for v, ids := range ended {
		for _, id := range ids {
			v.gone[id] = true
		}
	}
	if onlyTokens(actions) && !m.lostReplies && !m.storeFaults {
		for token, count := range m.refreshes() {
			require.LessOrEqual(m.t, count-spent[token], 1, "exchanges of one refresh token")
		}
	}
	if failed {
		m.srv.Advance(12 * time.Minute) // past the pauses after failures, which would be waited out
	}
}

func onlyTokens(actions []*action) bool {
	for _, a := range actions {
		if a.op != "token" {
			return false
		}
	}
	return true
}

// refreshes counts the exchanges of each refresh token.
func (m *model) refreshes() map[string]int {
	counts := map[string]int{}
	for _, r := range m.srv.Requests() {
		if token, ok := r.Body["RefreshToken"].(string); ok && r.Op == "GetTokensFromRefreshToken" {
			counts[token]++
		}
	}
	return counts
}

// judge compares how a call ended with what may be, whatever else was under way.
// It returns the sign-ins that are over.
func (m *model) judge(a *action, all []*action) (ended []string) {
	v, alone := a.v, len(all) == 1
	for _, token := range a.sent {
		require.Equal(m.t, v.user, claimIn(token, "username"), "the user of a token that was sent")
		require.False(m.t, v.gone[claimIn(token, "origin_jti")], "%s sent a token that it has signed out", v.name)
	}
	switch {
	case a.op == "token" && a.err == nil:
		require.Equal(m.t, v.user, claimIn(a.got.AccessToken, "username"), "the user of the tokens handed out")
		require.False(m.t, v.gone[signInOf(a.got)], "%s handed out tokens that it has signed out", v.name)
		require.True(m.t, a.got.ExpiresAt.After(m.srv.Now()), "%s handed out expired tokens", v.name)
		if alone {
			require.NotNil(m.t, a.claims, "%s handed out tokens that are not verified", v.name)
			require.Equal(m.t, v.user, a.claims.Username)
		}
	case a.wantsTokens() && v.store.live == alive && v.store.owner == v.user && onlyRefreshes(all) && !m.keyOutages && !m.lostReplies && !m.storeFaults:
		require.NoError(m.t, a.err, "%s lost a session", v.name)
	case a.signsOut() && a.err == nil:
		for _, tokens := range a.before {
			if id := signInOf(tokens); id != "" && claimIn(tokens.AccessToken, "username") == v.user {
				// What is only forgotten others may still have and refresh: where a store fails,
				// they do not learn of it.
				if a.op != "forget" || !m.storeFaults {
					ended = append(ended, id)
				}
			}
		}
		if alone {
			require.Equal(m.t, cognito.Tokens{}, v.c.Tokens(), "%s has tokens after it signed out", v.name)
			if left := v.store.content(m.t); left != (cognito.Tokens{}) {
				require.NotEqual(m.t, v.user, claimIn(left.AccessToken, "username"), "%s left tokens in the store", v.name)
			}
		}
	case alone && (errors.Is(a.err, cognito.ErrKeysUnavailable) || errors.Is(a.err, cognito.ErrUnknownKey)):
		// Of tokens that could not be verified the store takes the refresh token at most.
		if before := a.before[1]; before != (cognito.Tokens{}) && !m.storeFaults && a.op != "logout" {
			require.Equal(m.t, before.AccessToken, v.store.content(m.t).AccessToken, "unverified tokens replaced others in the store")
		}
	}
	return ended
}

func onlyRefreshes(actions []*action) bool {
	for _, a := range actions {
		if !a.wantsTokens() && a.op != "renew" && a.op != "verify" {
			return false
		}
	}
	return true
}

// expect notes what a call makes of the store's session.
func (m *model) expect(a *action, n int) {
	s := a.v.store
	switch {
	case a.wantsTokens() || a.op == "renew" || a.op == "verify":
		if a.err != nil && cognito.IsTerminal(a.err) {
			s.live = unknown
		}
	case n > 1 || a.err != nil:
		s.live = unknown
	case a.signsIn():
		s.live, s.owner = alive, a.v.user
		if m.storeFaults {
			s.live = unknown
		}
	default:
		s.live = over
	}
	if a.op == "logout" { // it ends the user's sessions in all stores
		for _, other := range m.stores {
			if other != s || n > 1 {
				other.live = unknown
			}
		}
	}
}

// check compares the sessions and the stores with what holds at any time.
func (m *model) check() {
	for _, v := range m.values {
		if tokens := v.c.Tokens(); tokens != (cognito.Tokens{}) {
			require.Equal(m.t, v.user, claimIn(tokens.AccessToken, "username"), "%s has another user's tokens", v.name)
			require.False(m.t, v.gone[signInOf(tokens)], "%s has tokens again that it has signed out", v.name)
			if claims := v.c.AccessClaims(); claims != nil {
				require.Equal(m.t, v.user, claims.Username)
			}
		}
	}
	for i, s := range m.stores {
		if tokens := s.content(m.t); tokens != (cognito.Tokens{}) {
			require.Equal(m.t, tokens.Username, claimIn(tokens.AccessToken, "username"), "store %d holds tokens under another user's name", i)
		}
	}
}

// settle ends all faults. Each session and its store agree after the next change then.
func (m *model) settle() {
	m.note("settle")
	m.endFaults()
	for _, v := range m.values {
		var err error
		for range 3 {
			m.srv.Advance(2 * time.Hour) // everything has expired, and no pause is left
			if _, err = v.c.Token(m.t.Context()); err == nil || !errors.Is(err, cognito.ErrKeysUnavailable) && !errors.Is(err, cognito.ErrUnknownKey) {
				break
			}
		}
		m.note("  %s token: %v", v.name, err)
		stored := v.store.content(m.t)
		switch {
		case err == nil:
			require.Equal(m.t, withoutTime(v.c.Tokens()), withoutTime(stored), "%s and its store", v.name)
		case errors.Is(err, cognito.ErrStoreUser):
			require.NotEqual(m.t, v.user, claimIn(stored.AccessToken, "username"), "%s", v.name)
		default:
			require.True(m.t, cognito.IsTerminal(err) || errors.Is(err, cognito.ErrNotSignedIn), "%s: %v", v.name, err)
			require.Equal(m.t, cognito.Tokens{}, v.c.Tokens(), "%s", v.name)
			require.False(m.t, stored != (cognito.Tokens{}) && claimIn(stored.AccessToken, "username") == v.user, "%s has none, but its store has: %v", v.name, err)
		}
		m.check()
	}
}

// withoutTime leaves out the time, of which a file does not keep the location.
func withoutTime(tokens cognito.Tokens) cognito.Tokens {
	tokens.ExpiresAt = time.Time{}
	return tokens
}

// signInOf identifies the sign-in that tokens come from; "" for no tokens.
func signInOf(tokens cognito.Tokens) string { return claimIn(tokens.AccessToken, "origin_jti") }

// claimIn reads a claim of a token that the test's own pool has issued; "" for none.
func claimIn(raw, name string) string {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	claims := map[string]any{}
	_ = json.Unmarshal(text, &claims) // what cannot be read has no claims
	value, _ := claims[name].(string)
	return value
}
