package cognito_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const (
	chaosBatches  = 1                // of sessions, each against a pool of its own, unless CHAOS_TIME says for how long
	chaosPatience = 10 * time.Second // after which no further batch is begun, on a machine that is busy
	chaosSessions = 40
	chaosRounds   = 12
	chaosLabel    = "chaos" // of the goroutines of a batch
)

// TestChaos drives hundreds of sessions through random faults. What they do and which faults are
// set comes from a seed for each batch, which is printed; which request a fault hits depends on the
// scheduler, too. CHAOS_SEED=n runs the batch of that seed again, and CHAOS_TIME=5m runs batches of
// new seeds for that long. It is not parallel: it would take the time of the tests that check how
// long something may take.
func TestChaos(t *testing.T) {
	first, batches, until := rand.Uint64(), chaosBatches, time.Now().Add(chaosPatience)
	if text := os.Getenv("CHAOS_TIME"); text != "" {
		d, err := time.ParseDuration(text)
		require.NoError(t, err, "CHAOS_TIME")
		batches, until = math.MaxInt, time.Now().Add(d)
	}
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "CHAOS_SEED")
		first, batches = seed, 1
	}
	if testing.Short() {
		batches = 1
	}
	sessions, signedIn := 0, 0
	for n := 0; n == 0 || n < batches && time.Now().Before(until); n++ {
		seed := first + uint64(n)
		fmt.Printf("chaos: CHAOS_SEED=%d\n", seed) // not by t, so that it is seen when the process dies
		ok := t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			batch := runChaos(t, seed)
			sessions += len(batch.sessions)
			signedIn += batch.held
			batch.checkSecrets()
			checkGoroutines(t, seed)
		})
		if !ok {
			break
		}
	}
	t.Logf("%d sessions, of which %d were signed in when the faults ended", sessions, signedIn)
	// About four in ten are, by batches: fewer sessions than these say nothing.
	if sessions >= 100 {
		assert.Greater(t, signedIn, sessions/4, "a session that is never signed in cannot be lost")
	}
}

// chaos is a batch of sessions at one pool.
type chaos struct {
	t        *testing.T
	rng      *rand.Rand
	srv      *cognitotest.Server
	api      *httptest.Server
	network  *http.Transport
	client   *cognito.Cognito // whose ForUser makes the sessions
	sessions []*chaosSession
	held     int // sessions that were signed in when the faults ended

	mu      sync.Mutex // protects the fields below
	said    bytes.Buffer
	secrets map[string]string // what each is
}

// runChaos runs the batch of a seed, in goroutines that bear its label.
func runChaos(t *testing.T, seed uint64) (b *chaos) {
	t.Helper()
	pprof.Do(t.Context(), pprof.Labels(chaosLabel, strconv.FormatUint(seed, 10)), func(ctx context.Context) {
		b = newChaos(t, seed)
		defer b.close()
		for round := range chaosRounds {
			b.setFaults()
			b.each(func(s *chaosSession) { s.step(ctx, round) })
			b.srv.Advance(b.between())
		}
		b.srv.ClearFaults()
		b.srv.Advance(time.Minute) // longer than the pauses between fetches of the key set
		b.each(func(s *chaosSession) { s.settle(ctx, "when the faults are over") })
		b.srv.Advance(2 * time.Hour)
		for _, s := range b.sessions {
			if s.held {
				b.held++
			}
		}
		b.each(func(s *chaosSession) { s.settle(ctx, "and later") })
		b.srv.Advance(2 * time.Hour)
		b.each(func(s *chaosSession) { s.signInAgain(ctx) })
	})
	return b
}

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	b := &chaos{t: t, rng: rand.New(rand.NewPCG(seed, 0)), network: &http.Transport{}, secrets: map[string]string{}}
	client := everyFlow(b.rng.IntN(2) == 0)
	client.AccessTokenValidity = pick(b.rng, 5*time.Minute, time.Hour)
	client.RefreshTokenRotation = b.rng.IntN(3) > 0
	client.RefreshTokenGracePeriod = pick(b.rng, 0, time.Minute)
	if client.RefreshTokenRotation { // the service does not allow both
		client.ExplicitAuthFlows = client.ExplicitAuthFlows[:len(client.ExplicitAuthFlows)-1]
	}
	cfg := cognitotest.Config{Clients: []cognitotest.Client{client}}
	if b.rng.IntN(2) == 0 {
		cfg.Devices = &cognitotest.DeviceConfiguration{
			ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: b.rng.IntN(2) == 0,
		}
	}
	start := time.Now()
	cfg.Now = func() time.Time { return start }
	b.srv = cognitotest.NewServer(cfg)
	b.secret("client secret", b.srv.ClientSecret)
	b.secret("AWS secret", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY")

	var err error
	b.client, err = cognito.New(b.srv.UserPoolID, b.srv.ClientID,
		cognito.WithEndpoint(b.srv.URL), cognito.WithClientSecret(b.srv.ClientSecret), cognito.WithClock(b.srv.Now),
		cognito.WithStaticCredentials("AKID", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY", ""),
		cognito.WithClientOptions(noBackoff), cognito.WithHTTPClient(&http.Client{Transport: witness{b.network}}),
		cognito.WithLogger(slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, err)
	b.startAPI()
	for i := range chaosSessions {
		b.sessions = append(b.sessions, newChaosSession(b, i, rand.New(rand.NewPCG(seed, uint64(i)+1))))
	}
	return b
}

// startAPI starts a server that says whose token a request came with.
func (b *chaos) startAPI() {
	v, err := cognito.NewVerifier(b.srv.UserPoolID, []string{b.srv.ClientID}, cognito.WithIssuers(b.srv.Issuer()),
		cognito.WithClock(b.srv.Now), cognito.WithTokenCache(chaosSessions/2),
		cognito.WithHTTPClient(&http.Client{Transport: b.network}))
	require.NoError(b.t, err)
	b.api = httptest.NewServer(v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := cognito.ClaimsFromContext(r.Context())
		_, _ = w.Write([]byte(claims.Username))
	})))
}

func (b *chaos) close() {
	b.api.Close()
	b.srv.Close()
	b.network.CloseIdleConnections()
}

// each lets all sessions do something at the same time.
func (b *chaos) each(do func(s *chaosSession)) {
	var wg sync.WaitGroup
	for _, s := range b.sessions {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					b.t.Errorf("%s: panic: %v\n%s", s.name, v, debug.Stack())
				}
			}()
			do(s)
		})
	}
	wg.Wait()
}

var (
	chaosOps = []string{
		"", "InitiateAuth", "RespondToAuthChallenge", "AdminInitiateAuth", "AdminRespondToAuthChallenge",
		"GetTokensFromRefreshToken", "GetTokensFromRefreshToken", "GlobalSignOut", "RevokeToken", "AdminUserGlobalSignOut",
		"GetUser", "UpdateUserAttributes", "AdminGetUser", "ConfirmDevice", "UpdateDeviceStatus", "JWKS", "JWKS",
	}
	chaosKinds = []cognitotest.FaultKind{
		cognitotest.FaultThrottle, cognitotest.FaultServerError, cognitotest.FaultReset, cognitotest.FaultLostReply,
		cognitotest.FaultDelay, cognitotest.FaultLateReply, cognitotest.FaultGarbage, cognitotest.FaultTruncate,
		cognitotest.FaultContentType,
	}
)

// setFaults sets up to seven faults for a round. Those that were not used up before stay every
// other time.
func (b *chaos) setFaults() {
	if b.rng.IntN(2) == 0 {
		b.srv.ClearFaults()
	}
	for range b.rng.IntN(8) {
		f := cognitotest.Fault{
			Op: pick(b.rng, chaosOps...), Kind: pick(b.rng, chaosKinds...), Times: 1 + b.rng.IntN(10), After: b.rng.IntN(4),
			Delay: time.Duration(b.rng.IntN(2_000)) * time.Microsecond, Status: pick(b.rng, 0, 0, http.StatusServiceUnavailable),
		}
		switch f.Kind {
		case cognitotest.FaultThrottle: // the SDK tries three times
			f.Times, f.Status = 3*f.Times, 0
		case cognitotest.FaultDelay, cognitotest.FaultLateReply:
			f.Delay++
		default:
		}
		b.srv.Fault(f)
	}
	if b.rng.IntN(4) == 0 {
		b.srv.RotateKeys()
	}
	if b.rng.IntN(6) == 0 {
		b.srv.Fault(cognitotest.Fault{Op: "JWKS", Times: 50})
	}
}

// between is how much time passes after a round: none, or more than half a minute, so that there is
// a new TOTP code.
func (b *chaos) between() time.Duration {
	if b.rng.IntN(3) == 0 {
		return 0
	}
	return 31*time.Second + pick(b.rng, 0, 0, time.Minute, 4*time.Minute, 90*time.Minute)
}

func pick[T any](rng *rand.Rand, values ...T) T { return values[rng.IntN(len(values))] }

// Write takes what is logged.
func (b *chaos) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.Write(line)
}

// say takes what an error prints.
func (b *chaos) say(err error) {
	for e := err; e != nil; e = errors.Unwrap(e) {
		_, _ = fmt.Fprintf(b, "%v\n%+v\n%#v\n", e, e, e)
	}
}

// secret is something that must not be printed.
func (b *chaos) secret(what, text string) {
	if text == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.secrets[text] = what
}

// checkSecrets looks for the secrets of the batch in all that it said. A code of six digits must be
// a word of its own.
func (b *chaos) checkSecrets() {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said.Bytes()
	assert.NotEmpty(b.t, said)
	words := map[string]bool{}
	for _, word := range bytes.FieldsFunc(said, func(r rune) bool { return r < '0' || r > '9' }) {
		words[string(word)] = true
	}
	for text, what := range b.secrets {
		if what == "code" && words[text] || what != "code" && bytes.Contains(said, []byte(text)) {
			b.t.Errorf("the %s %q is in an error or a log line", what, text)
		}
	}
}

// checkGoroutines waits for the goroutines of a batch to end, which those of connections do by
// themselves.
func checkGoroutines(t *testing.T, seed uint64) {
	t.Helper()
	label := []byte(fmt.Sprintf("%q:%q", chaosLabel, strconv.FormatUint(seed, 10)))
	var left bytes.Buffer
	ended := assert.Eventually(t, func() bool {
		left.Reset()
		_ = pprof.Lookup("goroutine").WriteTo(&left, 1)
		return !bytes.Contains(left.Bytes(), label)
	}, 30*time.Second, 10*time.Millisecond, "goroutines that outlive the batch")
	if !ended {
		t.Log(left.String())
	}
}

// storeOf makes a store for a session, or none.
func (b *chaos) storeOf(i int) cognito.TokenStore {
	switch i % 8 {
	case 0:
		return cognito.NewFileStore(filepath.Join(b.t.TempDir(), "tokens.json"))
	case 1, 2, 3:
		return cognito.NewMemoryStore()
	default:
		return nil
	}
}
