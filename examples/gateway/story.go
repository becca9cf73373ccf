package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// tellStory runs the gateway between a client and a service in this process.
func tellStory(ctx context.Context, out io.Writer) error {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{
		Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers"},
		Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"},
	})
	service := httptest.NewServer(http.HandlerFunc(whoAmI))
	defer service.Close()
	target, err := url.Parse(service.URL)
	if err != nil {
		return err
	}
	// At AWS a verifier needs only the pool ID and the client ID.
	verifier, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		append(verifierOptions(), cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))...)
	if err != nil {
		return err
	}
	gateway := httptest.NewServer(newGateway(verifier, target))
	defer gateway.Close()

	for _, step := range []struct{ title, token string }{
		{"Without a token", ""},
		{"An access token", srv.Token("bob", cognitotest.TokenOptions{Use: "access"})},
		{"An ID token", srv.Token("bob", cognitotest.TokenOptions{Use: "id"})},
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, gateway.URL, nil)
		if err != nil {
			return err
		}
		req.Header.Set(emailHeader, "eve@example.com") // it does not pass
		if step.token != "" {
			req.Header.Set("Authorization", "Bearer "+step.token)
		}
		resp, err := gateway.Client().Do(req)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%-16s %d %s\n", step.title, resp.StatusCode, strings.TrimSpace(string(body)))
	}
	return nil
}

// whoAmI is the service behind the gateway.
func whoAmI(w http.ResponseWriter, r *http.Request) {
	authorized := r.Header.Get("Authorization") != ""
	//nolint:gosec // plain text, and the gateway's headers
	_, _ = fmt.Fprintln(w, r.Header.Get(emailHeader), r.Header[groupHeader], authorized)
}
