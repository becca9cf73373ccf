package cognito_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// exampleAPI returns a server that accepts the access tokens of srv's pool.
func exampleAPI(srv *cognitotest.Server, opts ...cognito.VerifierOption) *httptest.Server {
	// At AWS the pool ID and the client IDs are enough.
	opts = append(opts, cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	if err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := cognito.ClaimsFromContext(r.Context())
		_, _ = fmt.Fprintf(w, "hello %s", claims.Username)
	})))
}

func get(client *http.Client, url string) {
	resp, err := client.Get(url) //nolint:noctx // an example
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	fmt.Printf("%d %s %s\n", resp.StatusCode, resp.Header.Get("WWW-Authenticate"), body)
}

// The client signs in on the first request and stays signed in.
func ExampleCognito_HTTPClient() {
	srv, pool := examplePool()
	defer srv.Close()
	api := exampleAPI(srv)
	defer api.Close()

	client := pool.ForUser("bob").HTTPClient(nil, "Correct-Horse-1", cognito.WithOrigins(api.URL))
	get(client, api.URL)
	srv.Advance(2 * time.Hour) // the tokens have expired
	get(client, api.URL)
	// Output:
	// 200  hello bob
	// 200  hello bob
}

func ExampleNewTransport_challenge() {
	srv, pool := examplePool()
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})

	transport := cognito.NewTransport(pool.ForUser("carol"), "Temporary-1", cognito.WithOrigins("https://api.example.com"))
	_, err := (&http.Client{Transport: transport}).Get("https://api.example.com") //nolint:noctx,bodyclose // an example that fails
	var challenge *cognito.ChallengeError
	fmt.Println(errors.As(err, &challenge), challenge.Challenge.Name)
	// Output: true NEW_PASSWORD_REQUIRED
}

// An API expects the ID token in a header of its own.
func ExampleWithHeader() {
	srv, pool := examplePool()
	defer srv.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := pool.VerifyToken(r.Context(), r.Header.Get("X-Id-Token"), cognito.IDToken)
		_, _ = fmt.Fprint(w, claims["email"], " ", err)
	}))
	defer api.Close()

	get(pool.ForUser("bob").HTTPClient(nil, "Correct-Horse-1", cognito.WithOrigins(api.URL),
		cognito.WithHeader("X-Id-Token", ""), cognito.WithTokenUse(cognito.IDToken)), api.URL)
	// Output: 200  bob@example.com <nil>
}
