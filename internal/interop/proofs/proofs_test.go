package proofs_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/internal/interop/proofs"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

// The cases hold for this module's own arithmetic. What they hold for in other people's clients is in internal/interop.
func TestCases(t *testing.T) {
	t.Parallel()
	for name, confidential := range map[string]bool{"public": false, "secret": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cases := proofs.Cases(confidential, proofs.FlowSRP)
			p := proofs.NewPool(t, confidential, cases)
			sdk := cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: aws.String(p.Endpoint), Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: sdkhttp.Transport{}}})
			var outcomes []proofs.Outcome
			for i, c := range cases {
				p.Next(i)
				outcome := proofs.Outcome{Name: c.Name}
				var failure smithy.APIError
				switch err := signIn(t, p, sdk); {
				case errors.As(err, &failure):
					outcome.Error, outcome.Message = failure.ErrorCode(), failure.ErrorMessage()
				case err != nil:
					t.Fatal(err)
				}
				outcomes = append(outcomes, outcome)
			}
			t.Logf("%d broken proofs refused", p.Check(t, outcomes, nil))
		})
	}
}

// A script gets the cases as JSON and prints an outcome a line, among lines that are none.
func TestScript(t *testing.T) {
	t.Parallel()
	cases := proofs.Few(proofs.Cases(true, proofs.FlowChoice, proofs.FlowTOTP, proofs.FlowDevice))
	p := proofs.NewPool(t, true, cases)
	var told struct {
		Endpoint, ClientSecret string
		Cases                  []struct{ Name, Flow string }
	}
	if err := json.Unmarshal(p.Script(), &told); err != nil || told.Endpoint != p.Endpoint || told.ClientSecret != p.ClientSecret || len(told.Cases) != len(cases) {
		t.Errorf("got %+v, %v", told, err)
	}
	got, err := proofs.Read([]byte("warning\n" + `{"name":"a","error":"E","message":"m"}` + "\n" + `{"name":"b"}`))
	if want := []proofs.Outcome{{Name: "a", Error: "E", Message: "m"}, {Name: "b"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("want %v, got %v, %v", want, got, err)
	}
	if _, err := proofs.Read([]byte("{")); err == nil {
		t.Error("want an error for a line that is no JSON")
	}
}

func signIn(t *testing.T, p *proofs.Pool, sdk *cip.Client) error {
	t.Helper()
	var opts []cognito.SRPOption
	if p.ClientSecret != "" {
		opts = append(opts, cognito.WithSRPClientSecret(p.ClientSecret))
	}
	half, err := cognito.NewSRP(p.UserPoolID, p.ClientID, proofs.Username, proofs.Password, opts...)
	if err != nil {
		return err
	}
	params, err := half.AuthParameters()
	if err != nil {
		return err
	}
	begun, err := sdk.InitiateAuth(t.Context(), &cip.InitiateAuthInput{AuthFlow: "USER_SRP_AUTH", ClientId: &p.ClientID, AuthParameters: params})
	if err != nil {
		return err
	}
	answer, err := half.PasswordVerifierChallenge(begun.ChallengeParameters, time.Now())
	if err != nil {
		return err
	}
	_, err = sdk.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{
		ChallengeName: begun.ChallengeName, ClientId: &p.ClientID, ChallengeResponses: answer, Session: begun.Session,
	})
	return err
}
