package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/url"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// exampleDomain returns an in-process pool with the user bob, and its managed login. A real pool
// has a domain such as auth.example.com.
func exampleDomain() (*cognitotest.Server, *cognito.ManagedLogin) {
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{
		ID: "web", AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{"https://app.example.com/callback"},
	}}})
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
	pool, err := cognito.New(srv.UserPoolID, "web", cognito.WithEndpoint(srv.URL))
	if err != nil {
		log.Fatal(err)
	}
	login, err := pool.ManagedLogin(srv.URL, cognito.WithRedirectURL("https://app.example.com/callback"))
	if err != nil {
		log.Fatal(err)
	}
	return srv, login
}

func ExampleCognito_ManagedLogin() {
	srv, login := exampleDomain()
	defer srv.Close()

	authURL, attempt, err := login.AuthCodeURL() // redirect the browser to the URL, and store the attempt in a cookie
	if err != nil {
		log.Fatal(err)
	}
	callback, err := url.Parse(srv.Authorize(authURL, "bob")) // bob fills in the form, and the browser comes back
	if err != nil {
		log.Fatal(err)
	}
	bob, err := login.Exchange(context.Background(), attempt, callback.Query())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.Username(), bob.AccessClaims().Scopes())
	// Output:
	// bob [openid email phone profile aws.cognito.signin.user.admin]
}

// Exchange rejects the callback of another sign-in, which an attacker may have sent.
func ExampleManagedLogin_Exchange() {
	srv, login := exampleDomain()
	defer srv.Close()
	_, attempt, err := login.AuthCodeURL()
	if err != nil {
		log.Fatal(err)
	}
	callback := url.Values{"code": {"somebody's code"}, "state": {"somebody's state"}}
	_, err = login.Exchange(context.Background(), attempt, callback)
	fmt.Println(errors.Is(err, cognito.ErrLoginAttempt))
	// Output: true
}

func ExampleManagedLogin_LogoutURL() {
	pool, err := cognito.New("eu-west-1_aBcDeFgHi", "3n4b5urk1ft4fl3mg5e62d9ado")
	if err != nil {
		log.Fatal(err)
	}
	login, err := pool.ManagedLogin("my-app")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(login.LogoutURL("https://app.example.com/bye"))
	// Output:
	// https://my-app.auth.eu-west-1.amazoncognito.com/logout?client_id=3n4b5urk1ft4fl3mg5e62d9ado&logout_uri=https%3A%2F%2Fapp.example.com%2Fbye
}

// Calls share one token until it is about to expire.
func ExampleCognito_MachineTokens() {
	srv := cognitotest.NewServer(cognitotest.Config{
		Clients: []cognitotest.Client{{
			ID: "machine", Secret: "the secret of the machine", ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"},
		}},
		ResourceServers: []cognitotest.ResourceServer{{Identifier: "https://orders.example.com", Scopes: []string{"read"}}},
	})
	defer srv.Close()
	pool, err := cognito.New(srv.UserPoolID, "machine", cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now),
		cognito.WithClientSecret("the secret of the machine"))
	if err != nil {
		log.Fatal(err)
	}
	tokens := pool.MachineTokens("https://orders.example.com/read")
	for range 3 {
		if _, err := tokens.Token(); err != nil {
			log.Fatal(err)
		}
		srv.Advance(10 * time.Minute)
	}
	for _, r := range srv.Requests() {
		fmt.Println(r.Op, r.Body["Scopes"])
	}
	// Output: GetClientToken [https://orders.example.com/read]
}
