// Command follower is an integrator's program: it has a client that a generator made of the
// document of the API, and nothing of the hotline's. It is a module of its own, so that no
// part of it leans on the house; TestClientMadeOfTheDocument makes the client and runs it.
package main

//go:generate mkdir -p client
//go:generate go tool oapi-codegen -generate types,client -package client -o client/client.gen.go openapi.json

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"follower/client" // made by go generate of openapi.json, the document of a site
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does one step for an agent: "break", "ready", "talking" or "after". HOTLINE_URL and
// HOTLINE_TOKEN name the site.
func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("want a step and an agent")
	}
	c, err := client.NewClientWithResponses(os.Getenv("HOTLINE_URL"),
		client.WithHTTPClient(&http.Client{Timeout: 10 * time.Second}),
		client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+os.Getenv("HOTLINE_TOKEN"))
			return nil
		}))
	if err != nil {
		return err
	}
	switch step, agent := args[0], args[1]; step {
	case "break", "ready":
		return state(ctx, c, agent, client.StateRequestState(step))
	case "talking":
		return talking(ctx, c, agent)
	case "after":
		return after(ctx, c, agent)
	default:
		return fmt.Errorf("no step %q", step)
	}
}

// state asks for a state twice by one key, as who did not get the answer does.
func state(ctx context.Context, c *client.ClientWithResponses, agent string, to client.StateRequestState) error {
	key, reason := "to "+string(to), "用餐"
	for range 2 {
		r, err := c.SetAgentStateWithResponse(ctx, agent, &client.SetAgentStateParams{IdempotencyKey: &key},
			client.StateRequest{State: to, Reason: &reason})
		if err != nil {
			return err
		}
		if r.StatusCode() != http.StatusNoContent {
			return fmt.Errorf("%s: %s %s", to, r.Status(), r.Body)
		}
	}
	return nil
}

// talking looks for the agent in the one call there is.
func talking(ctx context.Context, c *client.ClientWithResponses, agent string) error {
	live, err := c.GetLiveWithResponse(ctx)
	if err != nil {
		return err
	}
	if live.JSON200 == nil || len(*live.JSON200.Calls) != 1 || *(*live.JSON200.Calls)[0].Agent != agent {
		return fmt.Errorf("live: %s %s", live.Status(), live.Body)
	}
	return nil
}

// after goes from the agent's one call to its recording and to the report.
func after(ctx context.Context, c *client.ClientWithResponses, agent string) error {
	calls, err := c.ListCallsWithResponse(ctx, &client.ListCallsParams{Agent: &agent})
	if err != nil {
		return err
	}
	if calls.JSON200 == nil || len(*calls.JSON200.Calls) != 1 {
		return fmt.Errorf("calls: %s %s", calls.Status(), calls.Body)
	}
	one, err := c.GetCallWithResponse(ctx, (*calls.JSON200.Calls)[0].Id)
	if err != nil {
		return err
	}
	if one.JSON200 == nil || !one.JSON200.Over || len(*one.JSON200.Recordings) != 1 {
		return fmt.Errorf("call: %s %s", one.Status(), one.Body)
	}
	recording := (*one.JSON200.Recordings)[0]
	audio, err := c.GetRecordingAudioWithResponse(ctx, recording.Id, nil)
	if err != nil {
		return err
	}
	if audio.StatusCode() != http.StatusOK || int64(len(audio.Body)) != recording.Bytes {
		return fmt.Errorf("recording of %d bytes: %s, %d bytes", recording.Bytes, audio.Status(), len(audio.Body))
	}
	return behind(ctx, c, agent, one.JSON200.Id)
}

// behind goes from the figures of agents to the call behind the one that was answered.
func behind(ctx context.Context, c *client.ClientWithResponses, agent, want string) error {
	whole, column := client.GetReportParamsStepAll, "answered"
	report, err := c.GetReportWithResponse(ctx, &client.GetReportParams{
		By: &[]client.GetReportParamsBy{client.GetReportParamsByAgent}, Step: &whole,
	})
	if err != nil {
		return err
	}
	if report.JSON200 == nil || offered(*report.JSON200.Figures) != 1 {
		return fmt.Errorf("report: %s %s", report.Status(), report.Body)
	}
	calls, err := c.ListReportCallsWithResponse(ctx, &client.ListReportCallsParams{
		By: &[]client.ListReportCallsParamsBy{client.ListReportCallsParamsByAgent}, Column: &column,
		Cell: &[]string{"agent:" + agent},
	})
	if err != nil {
		return err
	}
	if calls.JSON200 == nil || len(*calls.JSON200.Calls) != 1 || (*calls.JSON200.Calls)[0]["call"] != want {
		return fmt.Errorf("calls behind the report: %s %s", calls.Status(), calls.Body)
	}
	return nil
}

// offered is the total of a report.
func offered(rows []map[string]any) float64 {
	for _, row := range rows {
		if n, ok := row["offered"].(float64); ok && row["scope"] == "all" {
			return n
		}
	}
	return -1
}
