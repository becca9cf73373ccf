package cognito_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gocognito/cognito"
)

// refusingTransport counts requests and answers none.
type refusingTransport struct{ asked int }

func (r *refusingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/oauth2/token") {
		r.asked++
	}
	return nil, errors.New("no answer")
}

// FuzzCallback brings back any query for any attempt: a code is exchanged only for the state of the
// attempt, in time, at the domain and for the client that it was made for.
func FuzzCallback(f *testing.F) {
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	transport := &refusingTransport{}
	c, err := cognito.New(testPool, testClient, cognito.WithHTTPClient(&http.Client{Transport: transport}),
		cognito.WithClock(func() time.Time { return now }))
	if err != nil {
		f.Fatal(err)
	}
	m, err := c.ManagedLogin("auth.example.com", cognito.WithRedirectURL(loginCallback))
	if err != nil {
		f.Fatal(err)
	}
	_, attempt, err := m.AuthCodeURL()
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(attempt)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "code=x&state="+attempt.State)
	f.Add(good, "code=x&state=y")
	f.Add(good, "error=access_denied&error_description=no%0a&state="+attempt.State)
	f.Add([]byte(`{}`), "code=x&state=")
	f.Add([]byte(`{"state":"s","nonce":"n","verifier":"v","domain":"https://auth.example.com","client_id":"`+testClient+
		`","redirect_url":"x","expires_at":"2026-11-27T09:00:01Z"}`), "code=c&state=s")
	f.Fuzz(func(t *testing.T, cookie []byte, query string) {
		var attempt cognito.LoginAttempt
		_ = json.Unmarshal(cookie, &attempt)
		callback, _ := url.ParseQuery(query)
		before := transport.asked
		session, err := m.Exchange(t.Context(), attempt, callback)
		if session != nil || err == nil {
			t.Fatal("nobody answers, and somebody is signed in")
		}
		if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000 {
			t.Fatalf("the error is not bounded to a line: %q", err.Error())
		}
		if transport.asked == before {
			return
		}
		if len(callback["state"]) != 1 || callback.Get("state") != attempt.State || attempt.State == "" || callback.Get("code") == "" ||
			attempt.Domain != "https://auth.example.com" || attempt.ClientID != testClient || !now.Before(attempt.ExpiresAt) || callback.Get("error") != "" {
			t.Fatalf("a code was sent for %+v and %v", attempt.ExpiresAt, callback)
		}
	})
}
