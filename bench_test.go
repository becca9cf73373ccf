package cognito_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// benchVerifier is a verifier with its keys, and a pool that has made n access tokens.
func benchVerifier(b *testing.B, n int, opts ...cognito.VerifierOption) (*cognito.Verifier, []string) {
	b.Helper()
	srv := cognitotest.NewServer(cognitotest.Config{})
	b.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: testPassword, Groups: []string{"readers"}})
	opts = append([]cognito.VerifierOption{cognito.WithIssuers(srv.Issuer())}, opts...)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	require.NoError(b, err)
	require.NoError(b, v.Preload(b.Context()))
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: 24 * time.Hour})
	}
	return v, tokens
}

// BenchmarkVerify compares the verification of tokens with the least that it can cost: one RSA
// signature of the same size.
func BenchmarkVerify(b *testing.B) {
	for _, name := range []string{"RSA", "distinct", "cached"} {
		b.Run(name, func(b *testing.B) {
			step := verifySteps(b)[name]
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
		})
	}
}

// BenchmarkVerifyRatios takes the steps of BenchmarkVerify by turns and reports the ratios of their
// best times, which the load of the machine hardly changes.
func BenchmarkVerifyRatios(b *testing.B) {
	const batch = 20
	steps := verifySteps(b)
	best := map[string]time.Duration{}
	for b.Loop() {
		for name, step := range steps {
			start := time.Now()
			for range batch {
				step()
			}
			if took := time.Since(start) / batch; best[name] == 0 || took < best[name] {
				best[name] = took
			}
		}
	}
	b.ReportMetric(float64(best["distinct"])/float64(best["RSA"]), "distinct/RSA")
	b.ReportMetric(float64(best["distinct"])/float64(best["cached"]), "distinct/cached")
	b.ReportMetric(float64(best["RSA"]), "RSA-ns")
}

// verifySteps are the things to compare: one verification each.
func verifySteps(b *testing.B) map[string]func() {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	sum := sha256.Sum256([]byte("token"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	require.NoError(b, err)
	public := rsa.PublicKey{N: key.N, E: key.E}
	steps := map[string]func(){"RSA": func() {
		if rsa.VerifyPKCS1v15(&public, crypto.SHA256, sum[:], signature) != nil {
			b.Fatal("refused")
		}
	}}
	for name, opts := range map[string][]cognito.VerifierOption{"distinct": nil, "cached": {cognito.WithTokenCache(1000)}} {
		v, tokens := benchVerifier(b, 64, opts...)
		i := 0
		steps[name] = func() {
			if _, err := v.VerifyAccessToken(b.Context(), tokens[i%len(tokens)]); err != nil {
				b.Fatal(err)
			}
			i++
		}
	}
	return steps
}

// BenchmarkVerifyParallel is BenchmarkVerify on all processors: compare -cpu 1 with -cpu N.
func BenchmarkVerifyParallel(b *testing.B) {
	for name, opts := range map[string][]cognito.VerifierOption{"distinct": nil, "cached": {cognito.WithTokenCache(1000)}} {
		b.Run(name, func(b *testing.B) {
			v, tokens := benchVerifier(b, 64, opts...)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if _, err := v.VerifyAccessToken(b.Context(), tokens[i%len(tokens)]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// cannedTransport answers every request at once.
type cannedTransport struct{}

func (cannedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// BenchmarkTransport compares a request through the transport with one to its base.
func BenchmarkTransport(b *testing.B) {
	srv := cognitotest.NewServer(cognitotest.Config{})
	b.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: testPassword})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithUsername("bob"))
	require.NoError(b, err)
	transport := cognito.NewTransport(c, testPassword, cognito.WithOrigins("https://api.example.com"), cognito.WithBase(cannedTransport{}))
	for name, rt := range map[string]http.RoundTripper{"base": cannedTransport{}, "transport": transport} {
		b.Run(name, func(b *testing.B) {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://api.example.com/things", http.NoBody)
			require.NoError(b, err)
			req.Header.Set("Accept", "application/json")
			req.Header.Set("User-Agent", "bench")
			b.ReportAllocs()
			for b.Loop() {
				resp, err := rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

// BenchmarkToken asks for tokens that are good, from as many goroutines as there are processors.
func BenchmarkToken(b *testing.B) {
	srv := cognitotest.NewServer(cognitotest.Config{})
	b.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: testPassword})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithUsername("bob"))
	require.NoError(b, err)
	require.NoError(b, c.Authenticate(b.Context(), testPassword))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Token(b.Context()); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkTokenAtExpiry is a thousand goroutines that find the tokens expired: it reports the
// calls of the service.
func BenchmarkTokenAtExpiry(b *testing.B) {
	srv := cognitotest.NewServer(cognitotest.Config{})
	b.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: testPassword})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithUsername("bob"), cognito.WithClock(srv.Now))
	require.NoError(b, err)
	require.NoError(b, c.Authenticate(b.Context(), testPassword))
	calls := 0
	for b.Loop() {
		srv.Advance(2 * time.Hour)
		before := renewals(srv)
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if _, err := c.Token(b.Context()); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		calls += renewals(srv) - before
	}
	b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
}

func BenchmarkForUser(b *testing.B) {
	c, err := cognito.New(testPool, testClient)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_ = c.ForUser("bob")
	}
}

func BenchmarkHandler(b *testing.B) {
	v, tokens := benchVerifier(b, 1, cognito.WithTokenCache(1000))
	h := v.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "https://api.example.com/", strings.NewReader(""))
	require.NoError(b, err)
	req.Header.Set("Authorization", "Bearer "+tokens[0])
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(discard{}, req)
	}
}

// discard is a [http.ResponseWriter] that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (discard) WriteHeader(int)             {}
